//! Who is here, as sockets see it.

use std::time::{Duration, Instant};

use kith_api::presence::v1::{Choice, Status};
use serde_json::json;

use super::world::{World, choice};

/// Waits until the scripted services show something.
async fn until(what: &str, mut check: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !check() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn sockets_are_reported_as_they_open_and_close() {
    let world = World::new().await;
    let ann = world.person();

    let socket = world.open(ann).await;
    until("ann is connected", || {
        world.presence.connected().contains(&ann.user_id)
    })
    .await;
    drop(socket);

    until("ann is not", || {
        !world.presence.connected().contains(&ann.user_id)
    })
    .await;
    until("the node beats as often as it was told", || {
        world.presence.beats() > 3
    })
    .await;
}

#[tokio::test]
async fn only_who_is_watched_is_told_and_nothing_twice() {
    let world = World::new().await;
    let (ann, bob, eve) = (world.person(), world.person(), world.person());
    let mut client = world.open(ann).await;
    world.presence.show(bob.user_id, Status::Away, Some("tea"));
    client
        .say(&json!({"t": "watch", "ref": "w", "user_ids": [bob.user_id]}))
        .await;
    let answer = client.expect("ok").await;
    assert_eq!(
        answer["d"],
        json!({"presences": [{"user_id": bob.user_id, "status": "away", "last_seen_at": null,
            "custom": "tea"}]})
    );

    world.presence.repeat(bob.user_id);
    world.presence.show(eve.user_id, Status::Online, None);
    world.presence.show(bob.user_id, Status::Online, None);

    let shown = client.hear().await;
    assert_eq!(
        shown,
        json!({"t": "presence", "user_id": bob.user_id, "status": "online",
            "last_seen_at": null, "custom": null})
    );
}

#[tokio::test]
async fn after_a_broken_stream_only_what_differs_is_told() {
    let world = World::new().await;
    let (ann, bob, eve) = (world.person(), world.person(), world.person());
    let mut client = world.open(ann).await;
    world.presence.show(eve.user_id, Status::Away, None);
    client
        .say(&json!({"t": "watch", "ref": "w", "user_ids": [bob.user_id, eve.user_id]}))
        .await;
    client.expect("ok").await;

    world.presence.break_streams();
    world.presence.show(bob.user_id, Status::Online, None);

    let shown = client.expect("presence").await;
    assert_eq!(shown["user_id"], json!(bob.user_id));
    assert!(world.presence.connected().contains(&ann.user_id));
    world.presence.show(eve.user_id, Status::Online, None);
    assert_eq!(
        client.expect("presence").await["user_id"],
        json!(eve.user_id)
    );
}

#[tokio::test]
async fn a_status_is_passed_on_as_it_was_said() {
    let world = World::new().await;
    let mut client = world.open(world.person()).await;
    let frames = [
        json!({"t": "status", "ref": "a", "status": "invisible"}),
        json!({"t": "status", "ref": "b", "status": "online", "custom": "on a boat",
            "custom_expires_at": "2030-01-01T00:00:00.000Z"}),
        json!({"t": "status", "ref": "c", "status": "away", "custom": null}),
    ];
    for frame in &frames {
        client.say(frame).await;
        assert_eq!(client.expect("ok").await["d"], json!({}));
    }

    let said = world.presence.statuses();

    assert_eq!(choice(&said[0]), Choice::Invisible);
    assert_eq!(said[0].custom, None);
    let custom = said[1].custom.clone().unwrap();
    assert_eq!(custom.text, "on a boat");
    assert_eq!(custom.expire_time.unwrap().seconds, 1_893_456_000);
    assert_eq!(said[2].custom.clone().unwrap().text, "");
}

#[tokio::test]
async fn bad_statuses_are_refused_at_the_door() {
    let world = World::new().await;
    let mut client = world.open(world.person()).await;
    for fields in [
        json!({"status": "offline"}),
        json!({}),
        json!({"status": "online", "custom": "x".repeat(141)}),
        json!({"status": "online", "custom": 7}),
        json!({"status": "online", "custom": "x", "custom_expires_at": "tomorrow"}),
        json!({"status": "online", "custom_expires_at": "2030-01-01T00:00:00Z"}),
    ] {
        let mut frame = fields.clone();
        frame["t"] = json!("status");
        frame["ref"] = json!("r");
        client.say(&frame).await;

        assert_eq!(
            client.expect("err").await["code"],
            "invalid_field",
            "{fields}"
        );
    }
    assert!(world.presence.statuses().is_empty());
}

#[tokio::test]
async fn a_presence_that_does_not_answer_is_unavailable_and_holds_up_nothing() {
    let world = World::new().await;
    let (ann, bob) = (world.person(), world.person());
    let room = world.chat.room(&[ann.user_id, bob.user_id]);
    let mut client = world.open(ann).await;
    world.presence.set_silent(true);
    client
        .say(&json!({"t": "watch", "ref": "w", "user_ids": [bob.user_id]}))
        .await;
    client.send("s", &room, "hello").await;

    let mut sent = 0;
    let refused = loop {
        let frame = client.hear().await;
        match frame["t"].as_str() {
            Some("err") => break frame,
            Some("ok") => sent += 1,
            _ => {}
        }
    };

    assert_eq!(sent, 1);
    assert_eq!(
        (&refused["ref"], &refused["code"]),
        (&json!("w"), &json!("unavailable"))
    );
    assert_eq!(refused["retryable"], true);
}
