//! Two acts on the same two people at the same time: each race has one winner, and it shows everywhere.

use std::sync::atomic::{AtomicBool, Ordering};

use kith_api::friends::v1 as wire;
use kith_error::Reason;
use wire::{Relation, RequestAction, RequestDirection};

use crate::world::World;

/// Rounds of each race; without the lock on the pair, a few rounds are enough to fail.
const ROUNDS: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn crossed_requests_become_one_friendship() {
    let world = World::new().await;
    for round in 0..ROUNDS {
        let [one, other] = ["a", "b"].map(|name| world.user(&format!("{name}{round}")));

        let (first, second) = tokio::join!(world.send(one, other), world.send(other, one));

        let statuses = [first.unwrap().status(), second.unwrap().status()];
        assert!(
            statuses.contains(&wire::RequestStatus::Accepted),
            "{statuses:?}"
        );
        assert!(
            statuses.contains(&wire::RequestStatus::Pending),
            "{statuses:?}"
        );
        assert_eq!(world.relation(one, other).await, Relation::Friends);
        assert!(
            world
                .requests(one, RequestDirection::Unspecified)
                .await
                .is_empty()
        );
        assert!(
            world
                .requests(other, RequestDirection::Unspecified)
                .await
                .is_empty()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_request_sent_twice_at_once_is_one_request() {
    let world = World::new().await;
    for round in 0..ROUNDS {
        let [one, other] = ["a", "b"].map(|name| world.user(&format!("{name}{round}")));

        let (first, second) = tokio::join!(world.send(one, other), world.send(one, other));

        let refused: Vec<Reason> = [first, second]
            .into_iter()
            .filter_map(Result::err)
            .collect();
        assert_eq!(refused, [Reason::AlreadyRequested]);
        assert_eq!(
            world
                .requests(other, RequestDirection::Incoming)
                .await
                .len(),
            1
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn accept_racing_cancel_has_one_winner() {
    let world = World::new().await;
    for round in 0..ROUNDS {
        let [sender, receiver] = ["a", "b"].map(|name| world.user(&format!("{name}{round}")));
        let id = world.send(sender, receiver).await.unwrap().request_id;

        let (accepted, cancelled) = tokio::join!(
            world.respond(receiver, &id, RequestAction::Accept),
            world.respond(sender, &id, RequestAction::Cancel)
        );

        let friends = world.relation(sender, receiver).await == Relation::Friends;
        assert_eq!(accepted.is_ok(), friends);
        assert_eq!(cancelled.is_ok(), !friends);
        let loser = accepted.err().or(cancelled.err());
        assert_eq!(loser, Some(Reason::RequestClosed));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_block_racing_accept_leaves_no_friendship() {
    let world = World::new().await;
    for round in 0..ROUNDS {
        let [sender, receiver] = ["a", "b"].map(|name| world.user(&format!("{name}{round}")));
        world.see(sender, receiver).await.unwrap();
        let id = world.send(sender, receiver).await.unwrap().request_id;

        let (_, blocked) = tokio::join!(
            world.respond(receiver, &id, RequestAction::Accept),
            world.block(sender, receiver)
        );

        blocked.unwrap();
        assert_eq!(world.relation(receiver, sender).await, Relation::None);
        assert!(world.friend_names(sender).await.is_empty());
        let pair = world.chat.pair(sender, receiver).unwrap();
        assert!(pair.blocked && !pair.lo_may_message_hi && !pair.hi_may_message_lo);
        assert_eq!(pair, world.pair(sender, receiver).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_settings_change_racing_a_new_friendship_leaves_chat_with_the_truth() {
    let world = World::new().await;
    let mut couples = Vec::new();
    for round in 0..ROUNDS {
        let [sender, receiver] = ["a", "b"].map(|name| world.user(&format!("{name}{round}")));
        let id = world.send(sender, receiver).await.unwrap().request_id;
        let change = wire::UpdatePrivacySettingsRequest {
            direct_messages: Some(wire::Audience::Nobody.into()),
            ..Default::default()
        };

        let (asked, accepted, changed) = tokio::join!(
            world.pair(sender, receiver),
            world.respond(receiver, &id, RequestAction::Accept),
            world.set_privacy(receiver, change)
        );

        asked.unwrap();
        accepted.unwrap();
        changed.unwrap();
        couples.push((sender, receiver));
    }
    // Once for all: the last word reaches chat with the outbox.
    world.all_delivered().await;
    for (sender, receiver) in couples {
        let pair = world.pair(sender, receiver).await.unwrap();
        let (to_receiver, to_sender) = if sender < receiver {
            (pair.lo_may_message_hi, pair.hi_may_message_lo)
        } else {
            (pair.hi_may_message_lo, pair.lo_may_message_hi)
        };
        assert!(!to_receiver, "nobody may write to the receiver");
        assert!(to_sender, "friends may write to the sender");
        assert_eq!(world.chat.pair(sender, receiver), Some(pair));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deletion_racing_a_request_leaves_nothing_behind() {
    let world = World::new().await;
    for round in 0..ROUNDS {
        let [sender, receiver] = ["a", "b"].map(|name| world.user(&format!("{name}{round}")));
        world.see(sender, receiver).await.unwrap();

        let deletion = async {
            world.accounts.delete(receiver);
            world.apply(receiver).await;
        };
        let (sent, ()) = tokio::join!(world.send(sender, receiver), deletion);

        assert!(sent.is_ok() || sent == Err(Reason::NotFound));
        assert!(
            world
                .requests(sender, RequestDirection::Unspecified)
                .await
                .is_empty()
        );
    }
}

#[tokio::test]
async fn settings_wait_for_a_pair_that_is_being_judged_by_the_old_ones() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.see(anna, bert).await.unwrap();
    world.see(anna, anna).await.unwrap();
    let change = wire::UpdatePrivacySettingsRequest {
        direct_messages: Some(wire::Audience::Everyone.into()),
        ..Default::default()
    };
    // Stops the first question about the pair between its judgement and its write.
    let mut gate = world.database.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE friends.pairs IN SHARE MODE")
        .execute(&mut *gate)
        .await
        .unwrap();
    let changed = AtomicBool::new(false);

    let asking = world.pair(anna, bert);
    let changing = async {
        world.stalled(1, &changed).await;
        let answer = world.set_privacy(anna, change).await;
        changed.store(true, Ordering::SeqCst);
        answer
    };
    let opening = async {
        world.stalled(2, &changed).await;
        gate.rollback().await.unwrap();
    };
    let (asked, answer, ()) = tokio::join!(asking, changing, opening);

    asked.unwrap();
    answer.unwrap();
    let pair = world.pair(anna, bert).await.unwrap();
    assert!(pair.lo_may_message_hi || pair.hi_may_message_lo);
    assert_eq!(world.chat.pair(anna, bert), Some(pair));
}

#[tokio::test]
async fn a_deletion_waits_for_a_request_that_is_being_sent() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.see(anna, bert).await.unwrap();
    world.see(anna, anna).await.unwrap();
    // Stops the sending at its insert: the unique index waits for whether this one stays.
    let mut gate = world.database.pool.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO friends.friend_requests (request_id, sender_id, receiver_id, note, status, hidden, create_time)
         VALUES ($1, $2, $3, '', 'pending', FALSE, now())",
    )
    .bind(world.nobody())
    .bind(anna)
    .bind(bert)
    .execute(&mut *gate)
    .await
    .unwrap();
    let deleted = AtomicBool::new(false);

    let sending = world.send(anna, bert);
    let deleting = async {
        world.stalled(1, &deleted).await;
        world.accounts.delete(bert);
        world.apply(bert).await;
        deleted.store(true, Ordering::SeqCst);
    };
    let opening = async {
        world.stalled(2, &deleted).await;
        gate.rollback().await.unwrap();
    };
    let (sent, (), ()) = tokio::join!(sending, deleting, opening);

    sent.unwrap();
    assert!(
        world
            .requests(anna, RequestDirection::Unspecified)
            .await
            .is_empty()
    );
}
