//! Sending and answering friend requests.

use kith_api::{chat::v1::user_event_body::Body, friends::v1 as wire};
use kith_error::Reason;
use wire::{Relation, RequestAction, RequestDirection, RequestStatus};

use crate::world::World;

#[tokio::test]
async fn a_request_is_pending_for_both_until_it_is_accepted() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);

    let sent = world.send(anna, bert).await.unwrap();

    assert_eq!(sent.status(), RequestStatus::Pending);
    assert_eq!(sent.direction(), RequestDirection::Outgoing);
    assert_eq!(sent.note, "hello");
    assert_eq!(sent.user.as_ref().unwrap().username, "bert");
    assert_eq!(sent.user.as_ref().unwrap().relation(), Relation::Outgoing);
    assert!(sent.respond_time.is_none());
    let incoming = world.requests(bert, RequestDirection::Incoming).await;
    assert_eq!(incoming.len(), 1);
    assert_eq!(incoming[0].request_id, sent.request_id);
    assert_eq!(
        incoming[0].user.as_ref().unwrap().relation(),
        Relation::Incoming
    );

    let accepted = world
        .respond(bert, &sent.request_id, RequestAction::Accept)
        .await
        .unwrap();

    assert_eq!(accepted.status(), RequestStatus::Accepted);
    assert!(accepted.respond_time.is_some());
    let other = accepted.user.unwrap();
    assert_eq!(other.relation(), Relation::Friends);
    assert_eq!(other.friends_count, 1);
    assert_eq!(world.friend_names(anna).await, ["bert"]);
    assert_eq!(world.friend_names(bert).await, ["anna"]);
    assert!(
        world
            .requests(bert, RequestDirection::Unspecified)
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn each_refusal_of_a_new_request_has_its_reason() {
    let world = World::new().await;
    let [anna, friend, asked, blocked, closed, circle] =
        world.users(["Anna", "Friend", "Asked", "Blocked", "Closed", "Circle"]);
    world.befriend(anna, friend).await;
    world.send(anna, asked).await.unwrap();
    world.block(anna, blocked).await.unwrap();
    for (user, audience) in [
        (closed, wire::Audience::Nobody),
        (circle, wire::Audience::FriendsOfFriends),
    ] {
        let change = wire::UpdatePrivacySettingsRequest {
            friend_requests: Some(audience.into()),
            ..Default::default()
        };
        world.set_privacy(user, change).await.unwrap();
    }
    let gone = world.user("Gone");
    world.accounts.delete(gone);
    let cases = [
        (anna, Reason::CannotTargetSelf),
        (world.nobody(), Reason::NotFound),
        (gone, Reason::NotFound),
        (friend, Reason::AlreadyFriends),
        (asked, Reason::AlreadyRequested),
        (blocked, Reason::Forbidden),
        (closed, Reason::NotAllowedByPrivacy),
        (circle, Reason::NotAllowedByPrivacy),
    ];

    for (target, expected) in cases {
        assert_eq!(world.send(anna, target).await.unwrap_err(), expected);
    }
}

#[tokio::test]
async fn friends_of_friends_may_ask_where_only_they_may() {
    let world = World::new().await;
    let [anna, bert, carl] = world.users(["Anna", "Bert", "Carl"]);
    let change = wire::UpdatePrivacySettingsRequest {
        friend_requests: Some(wire::Audience::FriendsOfFriends.into()),
        ..Default::default()
    };
    world.see(carl, carl).await.unwrap();
    world.befriend(bert, carl).await;
    world.set_privacy(carl, change).await.unwrap();
    assert_eq!(
        world.send(anna, carl).await.unwrap_err(),
        Reason::NotAllowedByPrivacy
    );

    world.befriend(anna, bert).await;

    assert_eq!(
        world.send(anna, carl).await.unwrap().status(),
        RequestStatus::Pending
    );
}

#[tokio::test]
async fn asking_somebody_who_asked_already_makes_friends_at_once() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    let theirs = world.send(bert, anna).await.unwrap();

    let answer = world.send(anna, bert).await.unwrap();

    assert_eq!(answer.request_id, theirs.request_id);
    assert_eq!(answer.status(), RequestStatus::Accepted);
    assert_eq!(answer.direction(), RequestDirection::Incoming);
    assert_eq!(world.relation(anna, bert).await, Relation::Friends);
    assert_eq!(
        world.events(anna).await,
        ["friend.requested", "friend.accepted"]
    );
    assert_eq!(
        world.events(bert).await,
        ["friend.requested", "friend.accepted"]
    );
}

#[tokio::test]
async fn answers_to_a_request_follow_who_and_when() {
    use {RequestAction::*, RequestStatus::*};
    let world = World::new().await;
    // Per case: what the first answer is, who gives the second one, which, and what comes of it.
    let cases = [
        (Accept, "receiver", Accept, Ok(Accepted)),
        (Accept, "receiver", Decline, Err(Reason::RequestClosed)),
        (Accept, "sender", Cancel, Err(Reason::RequestClosed)),
        (Accept, "sender", Accept, Err(Reason::Forbidden)),
        (Decline, "receiver", Decline, Ok(Declined)),
        (Decline, "receiver", Accept, Err(Reason::RequestClosed)),
        (Decline, "receiver", Cancel, Err(Reason::Forbidden)),
        (Cancel, "sender", Cancel, Ok(Cancelled)),
        (Cancel, "receiver", Accept, Err(Reason::RequestClosed)),
        (Cancel, "stranger", Cancel, Err(Reason::NotFound)),
    ];

    for (index, (first, who, second, expected)) in cases.into_iter().enumerate() {
        let [sender, receiver, stranger] =
            ["s", "r", "x"].map(|name| world.user(&format!("{name}{index}")));
        let id = world.send(sender, receiver).await.unwrap().request_id;
        let first_by = if first == Cancel { sender } else { receiver };
        world.respond(first_by, &id, first).await.unwrap();
        let second_by = match who {
            "sender" => sender,
            "receiver" => receiver,
            _ => stranger,
        };

        let answer = world.respond(second_by, &id, second).await;

        assert_eq!(
            answer.map(|request| request.status()),
            expected,
            "case {index}"
        );
    }
}

#[tokio::test]
async fn an_open_request_is_answered_by_the_right_one_of_the_two_only() {
    let world = World::new().await;
    let [anna, bert, carl] = world.users(["Anna", "Bert", "Carl"]);
    let id = world.send(anna, bert).await.unwrap().request_id;
    let cases = [
        (bert, RequestAction::Cancel, Reason::Forbidden),
        (anna, RequestAction::Accept, Reason::Forbidden),
        (anna, RequestAction::Decline, Reason::Forbidden),
        (carl, RequestAction::Accept, Reason::NotFound),
        (carl, RequestAction::Cancel, Reason::NotFound),
    ];

    for (who, action, expected) in cases {
        assert_eq!(world.respond(who, &id, action).await.unwrap_err(), expected);
    }
    let unknown = world.nobody().to_string();
    assert_eq!(
        world
            .respond(bert, &unknown, RequestAction::Accept)
            .await
            .unwrap_err(),
        Reason::NotFound
    );
}

#[tokio::test]
async fn a_declined_or_cancelled_request_can_be_sent_again() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    let first = world.send(anna, bert).await.unwrap().request_id;
    world
        .respond(bert, &first, RequestAction::Decline)
        .await
        .unwrap();

    let second = world.send(anna, bert).await.unwrap().request_id;
    world
        .respond(anna, &second, RequestAction::Cancel)
        .await
        .unwrap();
    let third = world.send(anna, bert).await.unwrap().request_id;

    assert!(first != second && second != third);
    assert_eq!(
        world.requests(bert, RequestDirection::Incoming).await.len(),
        1
    );
}

#[tokio::test]
async fn every_step_reaches_all_devices_of_both_as_each_sees_it() {
    let world = World::new().await;
    let [anna, bert, carl] = world.users(["Anna", "Bert", "Carl"]);
    let declined = world.send(anna, bert).await.unwrap().request_id;
    world
        .respond(bert, &declined, RequestAction::Decline)
        .await
        .unwrap();
    let cancelled = world.send(anna, carl).await.unwrap().request_id;
    world
        .respond(anna, &cancelled, RequestAction::Cancel)
        .await
        .unwrap();
    world.befriend(bert, carl).await;
    world.remove(carl, bert).await.unwrap();
    // Nothing happens twice when it is repeated.
    world.remove(carl, bert).await.unwrap();
    world
        .respond(bert, &declined, RequestAction::Decline)
        .await
        .unwrap();

    assert_eq!(
        world.events(anna).await,
        [
            "friend.requested",
            "friend.declined",
            "friend.requested",
            "friend.cancelled"
        ]
    );
    assert_eq!(
        world.events(bert).await,
        [
            "friend.requested",
            "friend.declined",
            "friend.requested",
            "friend.accepted",
            "friend.removed"
        ]
    );
    assert_eq!(
        world.events(carl).await,
        [
            "friend.requested",
            "friend.cancelled",
            "friend.requested",
            "friend.accepted",
            "friend.removed"
        ]
    );
}

#[tokio::test]
async fn an_event_shows_each_of_the_two_the_other_one() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);

    world.befriend(anna, bert).await;
    world.remove(anna, bert).await.unwrap();
    world.delivered().await;

    for (viewer, direction, relation, name) in [
        (anna, RequestDirection::Outgoing, Relation::Outgoing, "bert"),
        (bert, RequestDirection::Incoming, Relation::Incoming, "anna"),
    ] {
        let events = world.chat.events(viewer);
        let [
            (_, Body::FriendRequested(requested)),
            (_, Body::FriendAccepted(accepted)),
            (_, Body::FriendRemoved(removed)),
        ] = &events[..]
        else {
            panic!("other events: {events:?}");
        };
        assert_eq!(requested.direction(), direction);
        let seen = requested.user.as_ref().unwrap();
        assert_eq!((seen.username.as_str(), seen.relation()), (name, relation));
        let seen = accepted.user.as_ref().unwrap();
        assert_eq!(seen.relation(), Relation::Friends);
        assert_eq!(seen.friends_count, 1);
        assert_eq!(removed.user_id, seen.user_id);
    }
}
