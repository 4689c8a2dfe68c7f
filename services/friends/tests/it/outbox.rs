//! What is promised while chat is away, and that it comes true afterwards.

use std::{sync::atomic::AtomicBool, time::Duration};

use kith_api::friends::v1::{self as wire, Audience};
use kith_error::{Failure, Reason};
use kith_friends::Config;
use kith_testkit::eventually;
use tokio::task::JoinSet;
use wire::Relation;

use crate::world::{World, word};

#[tokio::test]
async fn a_block_that_chat_did_not_hear_is_unavailable_and_comes_true_later() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.befriend(anna, bert).await;
    world.chat.set_down(true);

    let request = wire::BlockUserRequest {
        user_id: bert.to_string(),
    };
    let status = world.client(anna).block_user(request).await.unwrap_err();

    let failure = Failure::from(&status);
    assert_eq!(failure.reason, Reason::Unavailable);
    assert!(failure.retry_after.is_some() && failure.is_retryable());
    assert_eq!(world.relation(anna, bert).await, Relation::Blocked);
    world.chat.set_down(false);
    eventually("chat hears of the block", async || {
        world.chat.pair(anna, bert).filter(|pair| pair.blocked)
    })
    .await;
    assert_eq!(
        world.events(anna).await[2..],
        ["block.added", "friend.removed"]
    );
}

#[tokio::test]
async fn the_repetition_of_a_block_that_chat_did_not_hear_tells_it() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.chat.set_down(true);
    assert_eq!(world.block(anna, bert).await, Err(Reason::Unavailable));
    world.chat.set_down(false);

    world.block(anna, bert).await.unwrap();

    assert!(world.chat.pair(anna, bert).unwrap().blocked);
}

#[tokio::test]
async fn a_settings_change_that_chat_did_not_hear_comes_true_later_or_when_repeated() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.pair(anna, bert).await.unwrap();
    let change = wire::UpdatePrivacySettingsRequest {
        direct_messages: Some(Audience::Everyone.into()),
        read_receipts: Some(false),
        ..Default::default()
    };
    world.chat.set_down(true);
    assert_eq!(
        world.set_privacy(anna, change).await,
        Err(Reason::Unavailable)
    );
    world.chat.set_down(false);

    world.set_privacy(anna, change).await.unwrap();

    let pair = world.chat.pair(anna, bert).unwrap();
    assert!(pair.lo_may_message_hi || pair.hi_may_message_lo);
    assert!(!world.chat.receipts(anna).unwrap().0);
    world.chat.set_down(true);
    let back = wire::UpdatePrivacySettingsRequest {
        read_receipts: Some(true),
        ..Default::default()
    };
    assert_eq!(
        world.set_privacy(anna, back).await,
        Err(Reason::Unavailable)
    );
    world.chat.set_down(false);
    eventually("chat hears of the receipts", async || {
        world.chat.receipts(anna).filter(|(shown, _)| *shown)
    })
    .await;
}

#[tokio::test]
async fn befriending_works_without_chat_and_chat_hears_later() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.pair(anna, bert).await.unwrap();
    world.chat.set_down(true);

    world.befriend(anna, bert).await;

    world.chat.set_down(false);
    eventually("chat hears of the friendship", async || {
        world
            .chat
            .pair(anna, bert)
            .filter(|pair| pair.lo_may_message_hi && pair.hi_may_message_lo)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_arrive_once_and_in_order_from_several_nodes_after_chat_was_away() {
    let world = World::new().await;
    world.second_node().await;
    world.second_node().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    let mut expected = Vec::new();
    for round in 0..6 {
        world.chat.set_down(round % 2 == 0);
        let id = world.send(anna, bert).await.unwrap().request_id;
        world
            .respond(bert, &id, wire::RequestAction::Decline)
            .await
            .unwrap();
        expected.extend(["friend.requested", "friend.declined"]);
    }

    world.chat.set_down(false);

    assert_eq!(world.events(anna).await, expected);
    assert_eq!(world.events(bert).await, expected);
    world.all_delivered().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_look_at_the_same_time_do_not_deliver_the_same() {
    let world = World::new().await;
    for _ in 0..3 {
        world.second_node().await;
    }
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.chat.set_down(true);
    for _ in 0..10 {
        let id = world.send(anna, bert).await.unwrap().request_id;
        world
            .respond(anna, &id, wire::RequestAction::Cancel)
            .await
            .unwrap();
    }
    // Lets all nodes look at the moment at which everything is due.
    let mut gate = world.database.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE friends.outbox IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *gate)
        .await
        .unwrap();
    sqlx::query("UPDATE friends.outbox SET due_time = now()")
        .execute(&mut *gate)
        .await
        .unwrap();
    world.stalled(4, &AtomicBool::new(false)).await;
    world.chat.set_down(false);
    gate.commit().await.unwrap();

    assert_eq!(world.events(anna).await.len(), 20);
    assert_eq!(world.chat.repeated_events(), 0);
}

#[tokio::test]
async fn an_event_that_chat_refuses_for_good_holds_up_nobody_else() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.chat.refuse(anna);

    world.send(anna, bert).await.unwrap();
    world.delivered().await;

    let events = world.chat.events(bert);
    assert_eq!(
        events
            .iter()
            .map(|(_, body)| word(body))
            .collect::<Vec<_>>(),
        ["friend.requested"]
    );
    assert!(world.chat.events(anna).is_empty());
}

#[tokio::test]
async fn what_is_committed_leaves_at_once_and_not_at_the_next_look() {
    let world = World::with(Config {
        relay_interval: Duration::from_hours(1),
        ..Config::for_test()
    })
    .await;
    let [anna, bert] = world.users(["Anna", "Bert"]);

    for _ in 0..5 {
        let id = world.send(anna, bert).await.unwrap().request_id;
        world
            .respond(bert, &id, wire::RequestAction::Decline)
            .await
            .unwrap();
        world.delivered().await;
    }

    assert_eq!(world.events(bert).await.len(), 10);
}

#[tokio::test]
async fn people_and_services_are_answered_while_chat_hangs() {
    const BLOCKS: usize = 12;
    let world = World::with(Config {
        chat_calls: 2 * BLOCKS,
        ..Config::for_test()
    })
    .await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.chat.set_hanging(true);
    let mut blocks = JoinSet::new();
    // More than there are database connections: none may be held while chat is waited for.
    for index in 0..BLOCKS {
        let target = world.user(&format!("target{index}"));
        let mut client = world.client(anna);
        let request = wire::BlockUserRequest {
            user_id: target.to_string(),
        };
        blocks.spawn(async move { client.block_user(request).await });
    }
    eventually("all blocks wait for chat", async || {
        (world.chat.calls() > BLOCKS).then_some(())
    })
    .await;

    let pair = world.pair(anna, bert).await;
    let sent = world.send(anna, bert).await;
    world.chat.set_hanging(false);

    assert!(pair.is_ok() && sent.is_ok());
    for block in blocks.join_all().await {
        block.unwrap();
    }
}

#[tokio::test]
async fn nothing_is_left_in_the_outbox_once_delivered() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.befriend(anna, bert).await;
    world.block(anna, bert).await.unwrap();

    world.all_delivered().await;
}
