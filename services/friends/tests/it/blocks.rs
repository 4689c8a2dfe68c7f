//! Blocks, and that the blocked one cannot tell.

use kith_api::friends::v1 as wire;
use kith_error::Reason;
use wire::{Relation, RequestAction, RequestDirection, RequestStatus};

use crate::world::World;

#[tokio::test]
async fn a_block_ends_the_friendship_and_shows_to_the_blocker_only() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.befriend(anna, bert).await;

    world.block(anna, bert).await.unwrap();
    world.block(anna, bert).await.unwrap();

    assert_eq!(world.relation(anna, bert).await, Relation::Blocked);
    assert_eq!(world.relation(bert, anna).await, Relation::None);
    assert!(world.friend_names(anna).await.is_empty());
    assert!(world.friend_names(bert).await.is_empty());
    assert_eq!(
        world.events(anna).await[2..],
        ["block.added", "friend.removed"]
    );
    assert_eq!(world.events(bert).await[2..], ["friend.removed"]);
    let pair = world.chat.pair(anna, bert).unwrap();
    assert!(pair.blocked && !pair.lo_may_message_hi && !pair.hi_may_message_lo);
}

#[tokio::test]
async fn a_request_to_the_blocker_looks_normal_and_goes_nowhere() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.block(bert, anna).await.unwrap();

    let sent = world.send(anna, bert).await.unwrap();

    assert_eq!(sent.status(), RequestStatus::Pending);
    assert_eq!(world.relation(anna, bert).await, Relation::Outgoing);
    assert_eq!(
        world.requests(anna, RequestDirection::Outgoing).await,
        std::slice::from_ref(&sent)
    );
    assert_eq!(
        world.send(anna, bert).await.unwrap_err(),
        Reason::AlreadyRequested
    );
    for direction in [RequestDirection::Incoming, RequestDirection::Unspecified] {
        assert!(world.requests(bert, direction).await.is_empty());
    }
    for action in [
        RequestAction::Accept,
        RequestAction::Decline,
        RequestAction::Cancel,
    ] {
        let answer = world.respond(bert, &sent.request_id, action).await;
        assert_eq!(answer.unwrap_err(), Reason::NotFound);
    }
    assert_eq!(world.events(anna).await, ["friend.requested"]);
    assert_eq!(world.events(bert).await, ["block.added"]);
}

#[tokio::test]
async fn a_hidden_request_never_surfaces_after_an_unblock() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.block(bert, anna).await.unwrap();
    let hidden = world.send(anna, bert).await.unwrap();

    world.unblock(bert, anna).await.unwrap();

    assert_eq!(world.relation(bert, anna).await, Relation::None);
    assert_eq!(world.relation(anna, bert).await, Relation::Outgoing);
    assert!(
        world
            .requests(bert, RequestDirection::Incoming)
            .await
            .is_empty()
    );
    // The former blocker's own request is a new one and not an answer to the hidden one.
    let theirs = world.send(bert, anna).await.unwrap();
    assert_eq!(theirs.status(), RequestStatus::Pending);
    world
        .respond(anna, &theirs.request_id, RequestAction::Accept)
        .await
        .unwrap();
    assert_eq!(world.relation(bert, anna).await, Relation::Friends);
    assert!(
        world
            .requests(anna, RequestDirection::Unspecified)
            .await
            .is_empty()
    );
    let answer = world
        .respond(anna, &hidden.request_id, RequestAction::Cancel)
        .await;
    assert_eq!(answer.unwrap_err(), Reason::RequestClosed);
}

#[tokio::test]
async fn the_sender_of_a_hidden_request_can_cancel_it_and_ask_anew() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.block(bert, anna).await.unwrap();
    let hidden = world.send(anna, bert).await.unwrap().request_id;
    world.unblock(bert, anna).await.unwrap();

    let cancelled = world
        .respond(anna, &hidden, RequestAction::Cancel)
        .await
        .unwrap();
    world.send(anna, bert).await.unwrap();

    assert_eq!(cancelled.status(), RequestStatus::Cancelled);
    assert_eq!(
        world.requests(bert, RequestDirection::Incoming).await.len(),
        1
    );
    assert_eq!(
        world.events(bert).await,
        ["block.added", "block.removed", "friend.requested"]
    );
}

#[tokio::test]
async fn an_open_request_of_the_blocked_one_stays_pending_for_them() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    let id = world.send(anna, bert).await.unwrap().request_id;

    world.block(bert, anna).await.unwrap();

    let outgoing = world.requests(anna, RequestDirection::Outgoing).await;
    assert_eq!(outgoing[0].status(), RequestStatus::Pending);
    assert!(
        world
            .requests(bert, RequestDirection::Incoming)
            .await
            .is_empty()
    );
    let answer = world.respond(bert, &id, RequestAction::Accept).await;
    assert_eq!(answer.unwrap_err(), Reason::NotFound);
    assert_eq!(world.events(anna).await, ["friend.requested"]);
}

#[tokio::test]
async fn the_blockers_own_open_request_becomes_cancelled() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    let id = world.send(anna, bert).await.unwrap().request_id;

    world.block(anna, bert).await.unwrap();

    for who in [anna, bert] {
        assert!(
            world
                .requests(who, RequestDirection::Unspecified)
                .await
                .is_empty()
        );
    }
    let answer = world.respond(bert, &id, RequestAction::Accept).await;
    assert_eq!(answer.unwrap_err(), Reason::RequestClosed);
    assert_eq!(
        world.events(anna).await,
        ["friend.requested", "block.added", "friend.cancelled"]
    );
    assert_eq!(
        world.events(bert).await,
        ["friend.requested", "friend.cancelled"]
    );
}

#[tokio::test]
async fn blocks_and_their_end_are_idempotent_and_refuse_oneself_and_nobody() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    let nobody = world.nobody();

    assert_eq!(world.block(anna, anna).await, Err(Reason::CannotTargetSelf));
    assert_eq!(
        world.unblock(anna, anna).await,
        Err(Reason::CannotTargetSelf)
    );
    assert_eq!(
        world.remove(anna, anna).await,
        Err(Reason::CannotTargetSelf)
    );
    assert_eq!(world.block(anna, nobody).await, Err(Reason::NotFound));
    assert_eq!(world.unblock(anna, nobody).await, Ok(()));
    assert_eq!(world.remove(anna, nobody).await, Ok(()));
    assert_eq!(world.unblock(anna, bert).await, Ok(()));
    assert!(world.events(anna).await.is_empty());
}

#[tokio::test]
async fn two_who_block_each_other_are_free_only_when_both_have_unblocked() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.block(anna, bert).await.unwrap();
    world.block(bert, anna).await.unwrap();

    world.unblock(anna, bert).await.unwrap();
    let half = world.chat.pair(anna, bert).unwrap();
    world.unblock(bert, anna).await.unwrap();
    let free = world.chat.pair(anna, bert).unwrap();

    assert!(half.blocked);
    assert!(!free.blocked && free.version > half.version);
    assert_eq!(
        world.send(anna, bert).await.unwrap().status(),
        RequestStatus::Pending
    );
}
