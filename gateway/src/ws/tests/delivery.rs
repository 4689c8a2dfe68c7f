//! What sockets send and get: order, copies, gaps, stays, faults of the streams.

use std::time::Duration;

use kith_api::chat::v1::{
    Receipt, SessionRevoked, Typing, command, delivery::Delivery, user_event_body::Body,
};
use serde_json::{Value, json};

use super::world::{Client, Mode, World, seqs};

async fn events(client: &mut Client, count: usize) -> Vec<Value> {
    let mut frames = Vec::new();
    for _ in 0..count {
        frames.push(client.expect("event").await);
    }
    frames
}

/// Events and answers may come in either order to the sender.
async fn event_and_ok(client: &mut Client) -> (Value, Value) {
    let (first, second) = (client.hear().await, client.hear().await);
    if first["t"] == "event" {
        (first, second)
    } else {
        (second, first)
    }
}

#[tokio::test]
async fn a_message_is_answered_and_only_its_sender_sees_the_client_id() {
    let world = World::new().await;
    let (ann, bob) = (world.person(), world.person());
    let room = world.chat.room(&[ann.user_id, bob.user_id]);
    let (mut anns, mut bobs) = (world.open(ann).await, world.open(bob).await);

    anns.send("c1", &room, "hello").await;

    let (own, ok) = event_and_ok(&mut anns).await;
    let theirs = bobs.expect("event").await;
    assert_eq!(ok["ref"], "c1");
    assert_eq!(ok["d"]["duplicate"], false);
    assert_eq!(ok["d"]["message"]["seq"], 2);
    assert_eq!(own["d"]["client_id"], "c1");
    assert_eq!(theirs["d"].get("client_id"), None);
    assert_eq!(theirs["d"]["text"], "hello");
    assert_eq!(theirs["d"].get("reactions"), None);

    anns.send("c1", &room, "hello").await;
    assert_eq!(anns.expect("ok").await["d"]["duplicate"], true);
}

#[tokio::test]
async fn an_answer_does_not_wait_for_an_event_that_is_lost() {
    let world = World::new().await;
    let (ann, bob) = (world.person(), world.person());
    let room = world.chat.room(&[ann.user_id, bob.user_id]);
    let mut client = world.open(ann).await;
    world.chat.mute(true);

    client.send("c1", &room, "lost").await;

    assert_eq!(client.expect("ok").await["d"]["message"]["seq"], 2);
}

#[tokio::test]
async fn requests_are_answered_in_their_own_words() {
    let world = World::new().await;
    let (ann, bob) = (world.person(), world.person());
    let room = world.chat.room(&[ann.user_id, bob.user_id]);
    let mut client = world.open(ann).await;
    let bob_id = bob.user_id.to_string();
    let other = world.person().user_id.to_string();
    let cases = [
        (json!({"t": "ping"}), json!({})),
        (json!({"t": "status", "status": "away"}), json!({})),
        (
            json!({"t": "read", "room_id": room, "seq": 1}),
            json!({"last_read_seq": 1, "unread_count": 3}),
        ),
        (
            json!({"t": "watch", "user_ids": [bob_id]}),
            json!({"presences": [{"user_id": bob_id, "status": "offline",
                "last_seen_at": null, "custom": null}]}),
        ),
    ];
    for (mut request, answer) in cases {
        request["ref"] = json!("r");
        client.say(&request).await;

        let ok = client.expect("ok").await;
        assert_eq!((&ok["ref"], &ok["d"]), (&json!("r"), &answer), "{request}");
    }

    client.send("x", &room, "refused").await;
    let refused = client.expect("err").await;
    assert_eq!(refused["code"], "not_allowed_by_privacy");
    assert_eq!(refused["retryable"], false);
    client
        .say(&json!({"t": "send", "ref": "y", "room_id": other}))
        .await;
    assert_eq!(client.expect("err").await["code"], "invalid_field");

    client
        .say(&json!({"t": "fetch", "ref": "f", "room_id": room, "after": 0}))
        .await;
    let fetched = client.expect("ok").await;
    assert_eq!(fetched["d"]["events"][0]["type"], "room.created");
    assert_eq!(fetched["d"]["from_seq"], 1);
    assert_eq!(fetched["d"]["last_seq"], 1);
}

#[tokio::test]
async fn typing_and_receipts_reach_the_others_who_may_see_them() {
    let world = World::new().await;
    let (ann, bob, eve) = (world.person(), world.person(), world.person());
    let room = world.chat.room(&[ann.user_id, bob.user_id, eve.user_id]);
    let mut anns = world.open(ann).await;
    let (mut bobs, mut eves) = (world.open(bob).await, world.open(eve).await);

    world.chat.publish(Delivery::Typing(Typing {
        room_id: room.clone(),
        user_id: ann.user_id.to_string(),
        active: true,
        hidden_from_ids: vec![eve.user_id.to_string()],
    }));
    world.chat.publish(Delivery::Receipt(Receipt {
        room_id: room.clone(),
        user_id: ann.user_id.to_string(),
        read_seq: Some(1),
        ..Receipt::default()
    }));
    world.chat.message(&room, bob.user_id, "a");

    let typing = bobs.expect("typing").await;
    assert_eq!(typing["user_id"], ann.user_id.to_string());
    assert_eq!(bobs.expect("receipt").await["read_seq"], 1);
    bobs.expect("event").await;
    eves.expect("receipt").await;
    eves.expect("event").await;
    anns.expect("event").await;
}

#[tokio::test]
async fn lost_events_are_read_when_a_later_one_comes() {
    let world = World::new().await;
    let (ann, bob) = (world.person(), world.person());
    let room = world.chat.room(&[ann.user_id, bob.user_id]);
    let mut client = world.open(ann).await;

    world.chat.mute(true);
    world.chat.message(&room, bob.user_id, "lost");
    world.chat.message(&room, bob.user_id, "lost too");
    world.chat.mute(false);
    world.chat.message(&room, bob.user_id, "comes");

    assert_eq!(seqs(&events(&mut client, 3).await), [2, 3, 4]);
}

#[tokio::test]
async fn what_cannot_be_read_is_found_like_what_is_lost() {
    let world = World::new().await;
    let (ann, bob) = (world.person(), world.person());
    let room = world.chat.room(&[ann.user_id, bob.user_id]);
    let mut client = world.open(ann).await;

    world.chat.mute(true);
    world.chat.message(&room, bob.user_id, "lost");
    world.chat.publish_damaged();
    let found = client.expect("event").await;
    world.chat.mute(false);
    world.chat.message(&room, bob.user_id, "comes");

    assert_eq!(found["d"]["text"], "lost");
    assert_eq!(seqs(&events(&mut client, 1).await), [3]);
}

#[tokio::test]
async fn what_is_lost_altogether_is_found_by_comparing_heads() {
    let world = World::new().await;
    let (ann, bob) = (world.person(), world.person());
    let room = world.chat.room(&[ann.user_id, bob.user_id]);
    let mut client = world.open(ann).await;

    world.chat.mute(true);
    world.chat.message(&room, bob.user_id, "lost");
    world
        .chat
        .tell(ann.user_id, Body::SessionRevoked(SessionRevoked::default()));

    let frames = [client.hear().await, client.hear().await];
    let mut kinds: Vec<&str> = frames.iter().filter_map(|it| it["t"].as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["event", "user"]);
}

#[tokio::test]
async fn who_joins_hears_of_the_room_first_and_sees_it_from_there() {
    let world = World::new().await;
    let (ann, bob) = (world.person(), world.person());
    let room = world.chat.room(&[bob.user_id]);
    world.chat.message(&room, bob.user_id, "before");
    let mut client = world.open(ann).await;

    let joined_seq = world.chat.join(&room, ann.user_id);
    world.chat.message(&room, bob.user_id, "after");

    let added = client.expect("user").await;
    assert_eq!(added["type"], "room.added");
    assert_eq!(
        seqs(&events(&mut client, 2).await),
        [joined_seq, joined_seq + 1]
    );
}

#[tokio::test]
async fn nothing_after_a_removal_reaches_the_removed_until_they_are_back() {
    let world = World::new().await;
    let (ann, bob) = (world.person(), world.person());
    let room = world.chat.room(&[ann.user_id, bob.user_id]);
    let (mut anns, mut bobs) = (world.open(ann).await, world.open(bob).await);

    let left = world.chat.kick(&room, ann.user_id);
    world.chat.message(&room, bob.user_id, "not for Ann");
    let back = world.chat.join(&room, ann.user_id);
    world.chat.message(&room, bob.user_id, "for both");

    let mut seen = Vec::new();
    let mut kinds = Vec::new();
    while seen.last() != Some(&(back + 1)) {
        let frame = anns.hear().await;
        match frame["t"].as_str() {
            Some("event") => seen.push(frame["seq"].as_u64().unwrap()),
            _ => kinds.push(frame["type"].clone()),
        }
    }
    assert_eq!(seen, [left, back, back + 1]);
    assert_eq!(kinds, ["room.removed", "room.added"]);
    assert_eq!(events(&mut bobs, 4).await.len(), 4);
}

#[tokio::test]
async fn a_broken_stream_repeats_what_was_not_answered_in_its_order() {
    let world = World::new().await;
    let (ann, bob) = (world.person(), world.person());
    let room = world.chat.room(&[ann.user_id, bob.user_id]);
    let (mut anns, mut bobs) = (world.open(ann).await, world.open(bob).await);
    world.chat.set_mode(Mode::Silent);
    for reference in ["a", "b", "c"] {
        anns.send(reference, &room, reference).await;
    }
    // All three are committed; none is answered.
    let first = events(&mut bobs, 3).await;
    world.chat.set_mode(Mode::Answers);

    world.chat.break_streams();

    for reference in ["a", "b", "c"] {
        let ok = anns.until("ok").await;
        assert_eq!(
            (&ok["ref"], &ok["d"]["duplicate"]),
            (&json!(reference), &json!(true))
        );
    }
    assert_eq!(seqs(&first), [2, 3, 4]);
    world.chat.message(&room, ann.user_id, "d");
    assert_eq!(bobs.expect("event").await["seq"], 5);
}

#[tokio::test]
async fn a_chat_that_does_not_answer_leaves_the_outcome_open() {
    let world = World::new().await;
    let ann = world.person();
    let room = world.chat.room(&[ann.user_id]);
    let mut client = world.open(ann).await;
    world.chat.set_mode(Mode::Silent);

    client.send("a", &room, "a").await;

    let err = client.until("err").await;
    assert_eq!(
        (&err["ref"], &err["code"], &err["retryable"]),
        (&json!("a"), &json!("unavailable"), &json!(true))
    );
}

#[tokio::test]
async fn a_sixty_fifth_unanswered_request_is_not_even_read() {
    let world = World::new().await;
    let ann = world.person();
    let room = world.chat.room(&[ann.user_id]);
    let mut client = world.open(ann).await;
    world.chat.set_mode(Mode::Silent);

    for n in 0..65 {
        client
            .say(&json!({"t": "read", "ref": n.to_string(), "room_id": room, "seq": 1}))
            .await;
    }

    let reads = || {
        let is_read = |it: &command::Command| matches!(it, command::Command::MarkRoomAsRead(_));
        world.chat.count(is_read)
    };
    while reads() < 64 {
        tokio::task::yield_now().await;
    }
    // Nothing is answered within this, and so nothing more is read.
    let heard = tokio::time::timeout(Duration::from_millis(500), client.hear()).await;
    assert!(heard.is_err());
    assert_eq!(reads(), 64);
}

#[tokio::test]
async fn who_does_not_read_loses_the_room_is_told_and_fetches_back_to_it() {
    let world = World::new().await;
    let (ann, bob) = (world.person(), world.person());
    let room = world.chat.room(&[ann.user_id, bob.user_id]);
    let mut slow = world.open_narrow(ann).await;
    // More than the kernel and the queue hold together.
    let text = "x".repeat(16_000);
    let count = 500;

    for _ in 0..count {
        world.chat.message(&room, bob.user_id, &text);
    }
    let mut seen = 1;
    let behind = loop {
        let frame = slow.hear().await;
        match frame["t"].as_str() {
            Some("event") => {
                seen += 1;
                assert_eq!(frame["seq"], seen);
            }
            Some("behind") => break frame,
            _ => {}
        }
    };
    assert!(seen < count);
    assert_eq!(behind["rooms"][&room], count + 1);
    world.chat.message(&room, bob.user_id, "while detached");

    while seen < count + 2 {
        slow.say(&json!({"t": "fetch", "ref": "f", "room_id": room, "after": seen, "limit": 100}))
            .await;
        let ok = slow.until("ok").await;
        for event in ok["d"]["events"].as_array().unwrap() {
            seen += 1;
            assert_eq!(event["seq"], seen);
        }
    }
    world.chat.message(&room, bob.user_id, "live again");
    assert_eq!(slow.until("event").await["seq"], count + 3);
}
