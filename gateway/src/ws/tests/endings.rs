//! How sockets end.

use std::time::{Duration, Instant};

use futures::future::join_all;
use kith_api::chat::v1::{EpochChanged, command, delivery::Delivery};
use serde_json::json;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use super::world::{Mode, World};
use crate::{
    identity::Cause,
    testing::limits,
    ws::{close::Close, close_of},
};

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[tokio::test]
async fn the_third_bad_frame_closes_and_bad_fields_do_not_count() {
    let world = World::new().await;
    let mut client = world.open(world.person()).await;
    let frames = [
        "[]",
        r#"{"t":"read","ref":"a"}"#,
        r#"{"t":"ping","ref":"a","x":1}"#,
        r#"{"t":"hello","ref":"h","token":"again"}"#,
        r#"{"t":"delivered"}"#,
        r#"{"t":"nope","ref":"b"}"#,
    ];

    for frame in frames {
        client.say_text(frame).await;
    }

    assert_eq!(
        client.end().await,
        (
            words(&[
                "bad_frame",
                "invalid_field",
                "unknown_field",
                "bad_frame",
                "invalid_field",
                "bad_frame",
            ]),
            4500
        )
    );
}

#[tokio::test]
async fn broken_protocol_is_closed_with_its_own_code() {
    let world = World::new().await;
    let text =
        |bytes: Vec<u8>| Message::Frame(Frame::message(bytes, OpCode::Data(Data::Text), true));
    let cases = [
        (Message::binary(vec![1, 2]), 1003),
        (text(vec![0xFF, 0xFE]), 1007),
        (Message::text("x".repeat(64 * 1024 + 1)), 1009),
        (Message::text("x".repeat(4 * 1024 * 1024)), 1009),
    ];
    for (message, code) in cases {
        let mut client = world.open(world.person()).await;

        client.say_message(message).await;

        assert_eq!(client.end().await, (vec![], code));
    }
}

#[tokio::test]
async fn a_frame_of_exactly_64_kib_is_read() {
    let world = World::new().await;
    let mut client = world.open(world.person()).await;
    let frame = r#"{"t":"ping","ref":"a"}"#;

    let spaces = " ".repeat(64 * 1024 - frame.len());
    client.say_text(&format!("{frame}{spaces}")).await;

    client.expect("ok").await;
}

#[tokio::test]
async fn the_sockets_of_a_session_that_ends_are_closed() {
    let world = World::new().await;
    let ann = world.person();
    let mut client = world.open(ann).await;
    let mut other = world.open(world.person()).await;

    world
        .running
        .state
        .identity
        .revoke_locally(ann.user_id, &[ann.session_id]);

    assert_eq!(client.end().await, (words(&["revoked"]), 4502));
    other.say(&json!({"t": "ping", "ref": "a"})).await;
    other.expect("ok").await;
    assert_eq!(close_of(Cause::AccountDisabled).code(), 4503);
}

#[tokio::test]
async fn an_expired_token_ends_the_socket_unless_it_was_renewed() {
    let world = World::new().await;
    let (ann, bob) = (world.person(), world.person());
    let (mut anns, mut bobs) = (world.connect().await, world.connect().await);
    for (client, person) in [(&mut anns, ann), (&mut bobs, bob)] {
        client.hello(&world.token(person, 2)).await;
        client.expect("ready").await;
    }

    let fresh = world.token(bob, 900);
    bobs.say(&json!({"t": "reauth", "ref": "a", "token": fresh}))
        .await;
    let ok = bobs.expect("ok").await;

    assert!(ok["d"]["expires_at"].is_string());
    assert_eq!(anns.end().await, (words(&["token_expired"]), 4002));
    for token in [world.token(ann, 900), "x".to_owned()] {
        bobs.say(&json!({"t": "reauth", "ref": "b", "token": token}))
            .await;
        assert_eq!(bobs.expect("err").await["code"], "auth_failed");
    }
}

#[tokio::test]
async fn a_flood_is_refused_and_then_closed() {
    let world = World::with(&limits(true, 3)).await;
    let mut client = world.open(world.person()).await;
    for n in 0..40 {
        client
            .say(&json!({"t": "ping", "ref": n.to_string()}))
            .await;
    }

    for _ in 0..3 {
        client.expect("ok").await;
    }
    let refused = client.expect("err").await;
    assert_eq!(
        (&refused["code"], &refused["ref"]),
        (&json!("rate_limited"), &json!("3"))
    );
    assert!(refused["retry_after_ms"].as_u64().unwrap() > 0);
    let (errors, code) = client.end().await;
    assert!(errors.iter().all(|code| code == "rate_limited"));
    assert_eq!(code, Close::RateLimited.code());
}

#[tokio::test]
async fn who_reads_nothing_at_all_is_closed_as_slow() {
    let world = World::new().await;
    let (ann, bob) = (world.person(), world.person());
    let room = world.chat.room(&[ann.user_id, bob.user_id]);
    let mut slow = world.open_narrow(ann).await;
    // Presents the socket to chat, so that its end is seen there.
    slow.say(&json!({"t": "typing", "room_id": room, "active": true}))
        .await;
    let text = "x".repeat(16_000);
    for _ in 0..500 {
        world.chat.message(&room, bob.user_id, &text);
    }

    let is_gone = |it: &command::Command| matches!(it, command::Command::Detach(_));
    await_that("the socket is given up", || world.chat.count(is_gone) == 1).await;

    assert_eq!(slow.end().await, (words(&["slow"]), 4003));
}

/// Waits for something that takes its own time.
async fn await_that(what: &str, is_done: impl Fn() -> bool) {
    let waiting = async {
        while !is_done() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    assert!(waited.is_ok(), "never happened: {what}");
}

#[tokio::test]
async fn another_epoch_closes_all_sockets() {
    let world = World::new().await;
    let ann = world.person();
    world.chat.room(&[ann.user_id]);
    let mut client = world.open(ann).await;

    world
        .chat
        .publish(Delivery::EpochChanged(EpochChanged { epoch: 2 }));

    assert_eq!(client.end().await, (words(&["internal"]), 4000));
}

#[tokio::test]
async fn a_page_of_another_epoch_is_not_handed_out() {
    let world = World::new().await;
    let ann = world.person();
    let room = world.chat.room(&[ann.user_id]);
    let mut client = world.open(ann).await;

    // Restored: what the device's cursor counts is of another log.
    world.chat.bump_epoch();
    client
        .say(&json!({"t": "fetch", "ref": "f", "room_id": room, "after": 0}))
        .await;

    let refused = client.until("err").await;
    assert_eq!(
        (&refused["ref"], &refused["code"], &refused["retryable"]),
        (&json!("f"), &json!("unavailable"), &json!(true))
    );
    assert_eq!(client.end().await, (words(&["internal"]), 4000));
}

#[tokio::test]
async fn a_leaving_node_answers_what_is_in_flight_and_says_when_to_come_back() {
    let world = World::new().await;
    let ann = world.person();
    let room = world.chat.room(&[ann.user_id]);
    let mut client = world.open(ann).await;
    let mut unsaid = world.connect().await;
    world.chat.set_mode(Mode::Silent);
    client.send("a", &room, "a").await;
    client.expect("event").await;

    let drained = async { world.running.drain(Duration::from_secs(10)).await };
    let heard = async {
        let drain = client.until("drain").await;
        world.chat.set_mode(Mode::Answers);
        // The repeat of the broken stream is answered.
        world.chat.break_streams();
        let ok = client.until("ok").await;
        (drain, ok, client.end().await, unsaid.end().await)
    };
    let (drained, (drain, ok, end, unsaid_end)) = tokio::join!(drained, heard);

    assert!(drained);
    assert!(
        drain["resume_after_ms"].as_u64().unwrap() <= 5_000,
        "half of the grace period"
    );
    assert_eq!(ok["ref"], "a");
    assert_eq!(end, (vec![], 1001));
    assert_eq!(unsaid_end, (vec![], 1001));
    assert!(world.connect_with(&[]).await.is_err());
}

#[tokio::test]
async fn the_sockets_of_a_leaving_node_go_one_after_the_other_over_the_window() {
    let world = World::new().await;
    let mut clients = Vec::new();
    for person in [world.person(), world.person()] {
        for _ in 0..20 {
            clients.push(world.open(person).await);
        }
    }

    let began = Instant::now();
    let drained = world.running.drain(Duration::from_secs(4));
    let heard = join_all(clients.iter_mut().map(async |client| {
        let drain = client.until("drain").await;
        let (_, code) = client.end().await;
        assert_eq!(code, 1001);
        (drain["resume_after_ms"].as_u64().unwrap(), began.elapsed())
    }));
    let (_, heard) = tokio::join!(drained, heard);

    // Uniform over two seconds. That forty are all in one half of it happens once in 500 thousand million times.
    let (mut waits, mut ends): (Vec<u64>, Vec<Duration>) = heard.into_iter().unzip();
    waits.sort_unstable();
    ends.sort_unstable();
    assert!(
        waits[0] < 1_000 && (1_000..=2_000).contains(&waits[39]),
        "{waits:?}"
    );
    assert!(ends[39] > ends[0] + Duration::from_millis(500), "{ends:?}");
}
