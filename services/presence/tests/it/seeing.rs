//! Who sees whom: strangers, blocks, settings, and changes of them while somebody looks.

use std::time::{Duration, Instant};

use kith_api::presence::v1::{self as wire, Choice, Status};
use kith_auth::Caller;
use kith_ids::UserId;

use crate::world::{Node, Seen, World};

async fn presence_of(node: &Node, viewer: UserId, user: UserId) -> Seen {
    let request = wire::GetPresencesRequest {
        user_ids: vec![user.into()],
    };
    let answer = node.client_of(viewer).get_presences(request).await.unwrap();
    answer.into_inner().presences.remove(0)
}

#[tokio::test]
async fn a_stranger_a_block_and_nobody_look_the_same() {
    let world = World::memory().await;
    let [ann, stranger, blocked, nobody] = world.users();
    let node = world.node().await;
    let mut gateway = node.gateway().await;
    gateway.connect_all([(1, ann), (2, stranger), (3, blocked)]);
    gateway.set_status(2, Choice::Away).await;

    for user in [stranger, blocked, nobody] {
        let seen = presence_of(&node, ann, user).await;
        let unknown = Seen {
            user_id: user.into(),
            status: Status::Offline.into(),
            ..Seen::default()
        };
        assert_eq!(seen, unknown);
    }
    let watched = gateway.watch(1, &[stranger, blocked, nobody]).await;
    assert_eq!(watched.len(), 3);
    gateway.disconnect(2);
    assert_eq!(gateway.changes_within(Duration::from_millis(200)).await, []);
}

#[tokio::test]
async fn one_always_sees_oneself() {
    let world = World::memory().await;
    let ann = world.user();
    let node = world.node().await;
    let mut gateway = node.gateway().await;
    gateway.connect(1, ann);
    gateway.set_status(1, Choice::Invisible).await;

    let own = gateway.watch(1, &[ann]).await;

    assert!(own[0].invisible);
    gateway.set_status(1, Choice::Away).await;
    let away = gateway.until(Status::Away).await;
    assert!(!away.invisible);
}

#[tokio::test]
async fn who_may_see_only_last_seen_learns_the_hour_and_nothing_live() {
    let world = World::memory().await;
    let (ann, ben) = (world.user(), world.user());
    world.friends.show(ann, ben, false, true);
    let node = world.node().await;
    let mut gateway = node.gateway().await;
    gateway.connect_all([(1, ann), (2, ben)]);
    gateway.watch(1, &[ben]).await;
    gateway.disconnect(2);
    kith_testkit::eventually("ben has left", async || world.last_seen(ben).await).await;
    assert_eq!(gateway.changes_within(Duration::from_millis(100)).await, []);

    let seen = presence_of(&node, ann, ben).await;

    assert_eq!(seen.status(), Status::Offline);
    assert_eq!(seen.last_seen_time.unwrap().seconds % 3_600, 0);
}

#[tokio::test]
async fn a_block_ends_what_is_seen_within_a_second_on_every_node() {
    for world in [World::memory().await, World::redis().await] {
        let (ann, ben) = world.pair();
        let (one, other) = (world.node().await, world.node().await);
        let (mut anns, bens) = (one.gateway().await, other.gateway().await);
        anns.connect(1, ann);
        bens.connect(1, ben);
        anns.watch(1, &[ben]).await;
        kith_testkit::eventually("ben is seen", async || {
            (presence_of(&one, ann, ben).await.status() == Status::Online).then_some(())
        })
        .await;

        world.friends.part(ann, ben);
        // Friends tells one node; the other one hears of it.
        other.changed_between(ben, ann).await;
        let since = Instant::now();

        let hidden = anns.until(Status::Offline).await;
        assert!(since.elapsed() < Duration::from_secs(1));
        assert_eq!(hidden.last_seen_time, None);
        bens.disconnect(1);
        assert_eq!(anns.changes_within(Duration::from_millis(200)).await, []);
    }
}

#[tokio::test]
async fn nothing_is_shown_while_friends_cannot_say_who_may_see_it() {
    let world = World::memory().await;
    let (ann, ben) = world.pair();
    let node = world.node().await;
    let mut gateway = node.gateway().await;
    gateway.connect(1, ann);
    gateway.watch(1, &[ben]).await;
    world.friends.set_down(true);
    node.changed_between(ann, ben).await;

    gateway.connect(2, ben);
    assert_eq!(gateway.changes_within(Duration::from_millis(200)).await, []);
    world.friends.set_down(false);

    let (seen, _) = gateway.change().await;
    assert_eq!(seen.status(), Status::Online);
}

#[tokio::test]
async fn a_changed_setting_is_asked_about_for_everybody_who_looks() {
    let world = World::memory().await;
    let (ann, ben) = world.pair();
    let cleo = world.user();
    world.friends.show(cleo, ben, true, true);
    let node = world.node().await;
    let mut gateway = node.gateway().await;
    gateway.connect_all([(1, ann), (2, cleo), (3, ben)]);
    for socket in [1, 2] {
        gateway.watch(socket, &[ben]).await;
    }
    world.friends.part(ann, ben);
    world.friends.part(cleo, ben);
    let request = wire::ApplyVisibilityRequest {
        user_ids: vec![ben.into()],
        ..Default::default()
    };
    let mut friends = node.client(&Caller::node("friends"));
    friends.apply_visibility(request).await.unwrap();

    let mut told = Vec::new();
    while told.len() < 2 {
        let (seen, sockets) = gateway.change().await;
        if seen.status() == Status::Offline {
            told.extend(sockets);
        }
    }
    told.sort_unstable();
    assert_eq!(told, [1, 2]);
}

#[tokio::test]
async fn only_friends_may_say_who_sees_whom() {
    let world = World::memory().await;
    let ann = world.user();
    let node = world.node().await;

    let refused = node
        .client_of(ann)
        .apply_visibility(wire::ApplyVisibilityRequest::default())
        .await;

    assert_eq!(refused.unwrap_err().code(), tonic::Code::PermissionDenied);
}
