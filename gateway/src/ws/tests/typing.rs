//! Who writes, from one socket to the others.

use std::time::Duration;

use kith_api::chat::v1::{OtherUser, Typing, command, delivery::Delivery, user_event_body::Body};
use serde_json::json;

use super::world::World;

fn typing(room: &str, user: kith_ids::UserId) -> Delivery {
    Delivery::Typing(Typing {
        room_id: room.to_owned(),
        user_id: user.to_string(),
        active: true,
        ..Typing::default()
    })
}

#[tokio::test]
async fn what_a_socket_repeats_is_swallowed_at_the_source() {
    let world = World::new().await;
    let ann = world.person();
    let room = world.chat.room(&[ann.user_id]);
    let mut client = world.open(ann).await;

    for _ in 0..20 {
        client
            .say(&json!({"t": "typing", "room_id": room, "active": true}))
            .await;
    }
    client
        .say(&json!({"t": "typing", "room_id": room, "active": false}))
        .await;
    client
        .say(&json!({"t": "read", "ref": "r", "room_id": room, "seq": 1}))
        .await;
    client.until("ok").await;

    let said = world
        .chat
        .count(|command| matches!(command, command::Command::SetTyping(_)));
    assert_eq!(said, 2, "one beginning, one end");
}

#[tokio::test]
async fn the_message_ends_it_at_once() {
    let world = World::new().await;
    let (ann, bob) = (world.person(), world.person());
    let room = world.chat.room(&[ann.user_id, bob.user_id]);
    let mut bobs = world.open(bob).await;
    world.chat.publish(typing(&room, ann.user_id));
    assert_eq!(bobs.expect("typing").await["active"], true);

    world.chat.message(&room, ann.user_id, "done");

    bobs.expect("event").await;
    let ended = bobs.expect("typing").await;
    assert_eq!(
        (&ended["user_id"], &ended["active"]),
        (&json!(ann.user_id), &json!(false))
    );
}

#[tokio::test]
async fn a_block_ends_what_is_shown_and_asks_anew_who_may_see_the_blocker() {
    let world = World::new().await;
    let (ann, bob, eve) = (world.person(), world.person(), world.person());
    let room = world.chat.room(&[ann.user_id, bob.user_id, eve.user_id]);
    let (mut anns, mut eves) = (world.open(ann).await, world.open(eve).await);
    world.chat.publish(typing(&room, bob.user_id));
    world.chat.publish(typing(&room, ann.user_id));
    assert_eq!(anns.expect("typing").await["user_id"], json!(bob.user_id));
    for _ in 0..2 {
        eves.expect("typing").await;
    }
    anns.say(&json!({"t": "typing", "room_id": room, "active": true}))
        .await;

    let said = |command: &command::Command| matches!(command, command::Command::SetTyping(_));
    until("ann's writing is said", || world.chat.count(said) == 1).await;

    world.chat.tell(
        ann.user_id,
        Body::BlockAdded(OtherUser {
            user_id: bob.user_id.to_string(),
        }),
    );

    anns.expect("user").await;
    let ended = anns.expect("typing").await;
    assert_eq!(
        (&ended["user_id"], &ended["active"]),
        (&json!(bob.user_id), &json!(false))
    );
    until("ann's writing is said again", || {
        world.chat.count(said) == 2
    })
    .await;
    // As chat's answer to that: hidden from somebody who saw it before.
    world.chat.publish(Delivery::Typing(Typing {
        room_id: room.clone(),
        user_id: ann.user_id.to_string(),
        active: true,
        hidden_from_ids: vec![eve.user_id.to_string()],
    }));
    let hidden = eves.expect("typing").await;
    assert_eq!(
        (&hidden["user_id"], &hidden["active"]),
        (&json!(ann.user_id), &json!(false))
    );
}

async fn until(what: &str, mut check: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while !check() {
        assert!(std::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_beginning_without_an_end_ends_by_itself() {
    let world = World::new().await;
    let (ann, bob) = (world.person(), world.person());
    let room = world.chat.room(&[ann.user_id, bob.user_id]);
    let mut bobs = world.open(bob).await;
    world.chat.publish(typing(&room, ann.user_id));
    bobs.expect("typing").await;
    let since = std::time::Instant::now();

    let ended = bobs.expect("typing").await;

    assert_eq!(ended["active"], false);
    let lasted = since.elapsed();
    assert!(
        lasted > Duration::from_secs(5) && lasted < Duration::from_secs(8),
        "{lasted:?}"
    );
}
