//! An import tells those who are signed in, once, and nobody else.

use kith_api::{
    chat::v1::user_event_body::Body,
    common::v1::ImportOutcome,
    friends::v1::{Relation, RequestDirection},
};
use kith_ids::UserId;

use crate::world::World;

/// The events of somebody when all is told.
async fn told(world: &World, user: UserId) -> Vec<&'static str> {
    world.all_delivered().await;
    world.events(user).await
}

#[tokio::test]
async fn friends_who_are_signed_in_are_told_and_presence_too() {
    let world = World::new().await;
    let [anna, ben, cleo, dora] = world.users(["Anna", "Ben", "Cleo", "Dora"]);
    world.accounts.sign_in(anna);

    let made = world.import_friendships(&[(ben, anna), (cleo, dora)]).await;

    assert_eq!(made, [ImportOutcome::Created; 2]);
    assert_eq!(told(&world, anna).await, ["friend.accepted"]);
    let (_, body) = world.chat.events(anna).remove(0);
    let Body::FriendAccepted(request) = body else {
        panic!("{body:?}")
    };
    let user = request.user.unwrap();
    assert_eq!(user.user_id, ben.to_string());
    assert_eq!(
        (user.relation(), user.friends_count),
        (Relation::Friends, 1)
    );
    for other in [ben, cleo, dora] {
        assert_eq!(told(&world, other).await, [""; 0], "nobody to tell");
    }
    assert!(world.presence.knows_pair(anna, ben));
    assert!(!world.presence.knows_pair(cleo, dora));
    let again = world.import_friendships(&[(anna, ben)]).await;
    assert_eq!(again, [ImportOutcome::Unchanged]);
    assert_eq!(told(&world, anna).await, ["friend.accepted"], "once");
}

#[tokio::test]
async fn an_open_request_ends_for_both_by_an_import() {
    let world = World::new().await;
    let [anna, ben] = world.users(["Anna", "Ben"]);
    for user in [anna, ben] {
        world.accounts.sign_in(user);
    }
    let request = world.send(anna, ben).await.unwrap();

    world.import_friendships(&[(anna, ben)]).await;

    for user in [anna, ben] {
        assert_eq!(
            told(&world, user).await,
            ["friend.requested", "friend.accepted"]
        );
        let (_, body) = world.chat.events(user).remove(1);
        let Body::FriendAccepted(accepted) = body else {
            panic!("{body:?}")
        };
        assert_eq!(accepted.request_id, request.request_id);
    }
    assert!(world.presence.knows_pair(anna, ben));
}

#[tokio::test]
async fn imported_requests_are_told_as_far_as_they_are_seen() {
    let world = World::new().await;
    let [anna, ben, cleo] = world.users(["Anna", "Ben", "Cleo"]);
    for user in [anna, ben, cleo] {
        world.apply(user).await;
        world.accounts.sign_in(user);
    }
    world.block(cleo, anna).await.unwrap();

    world.import_requests(&[(anna, ben), (anna, cleo)]).await;

    assert_eq!(told(&world, anna).await, ["friend.requested"; 2]);
    assert_eq!(told(&world, ben).await, ["friend.requested"]);
    assert_eq!(told(&world, cleo).await, ["block.added"]);
    let outgoing = world.requests(anna, RequestDirection::Outgoing).await;
    assert_eq!(outgoing.len(), 2);
}

#[tokio::test]
async fn what_ended_before_it_was_told_is_not_told() {
    let world = World::new().await;
    let [anna, ben] = world.users(["Anna", "Ben"]);
    for user in [anna, ben] {
        world.apply(user).await;
        world.accounts.sign_in(user);
    }
    // Who is signed in cannot be asked yet.
    world.accounts.set_down(true);
    world.import_friendships(&[(anna, ben)]).await;

    world.remove(anna, ben).await.unwrap();
    world.accounts.set_down(false);

    for user in [anna, ben] {
        assert_eq!(told(&world, user).await, ["friend.removed"]);
    }
}
