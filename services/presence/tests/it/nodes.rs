//! Several nodes: in one process and over Redis they promise the same.

use std::time::{Duration, Instant};

use kith_api::presence::v1::{self as wire, Choice, Status};
use kith_ids::UserId;

use crate::world::{Node, World};

async fn what_happens_on_one_node_is_seen_on_the_other(world: World) {
    let (ann, ben) = world.pair();
    let (one, other) = (world.node().await, world.node().await);
    let (mut anns, mut bens) = (one.gateway().await, other.gateway().await);
    anns.connect(1, ann);
    anns.watch(1, &[ben]).await;
    // Hints get through from here on: a bus that has just been made may still be connecting.
    bens.connect(9, world.user());

    let since = Instant::now();
    bens.connect(1, ben);
    anns.until(Status::Online).await;
    assert!(since.elapsed() < Duration::from_secs(1));
    bens.set_status(1, Choice::Away).await;
    anns.until(Status::Away).await;
    bens.disconnect(1);
    let gone = anns.until(Status::Offline).await;

    assert!(gone.last_seen_time.is_some());
}

async fn a_device_elsewhere_keeps_somebody_here(world: World) {
    let (ann, ben) = world.pair();
    let (one, other) = (world.node().await, world.node().await);
    let (mut first, mut second) = (one.gateway().await, other.gateway().await);
    first.connect_all([(1, ann), (2, ben)]);
    second.connect(1, ben);
    first.watch(1, &[ben]).await;
    second.set_status(1, Choice::Away).await;
    first.until(Status::Away).await;

    first.disconnect(2);
    let silence = first.changes_within(Duration::from_millis(300)).await;
    assert_eq!(silence, []);

    second.disconnect(1);
    first.until(Status::Offline).await;
}

async fn a_node_that_starts_later_knows_who_is_here(world: World) {
    let (ann, ben) = world.pair();
    let one = world.node().await;
    let mut bens = one.gateway().await;
    bens.connect(1, ben);
    bens.try_set_status(
        1,
        Choice::Away,
        Some(wire::Custom {
            text: "brb".to_owned(),
            expire_time: None,
        }),
    )
    .await
    .unwrap();

    let other = world.node().await;

    let anns = other.gateway().await;
    anns.connect(1, ann);
    kith_testkit::eventually("the other node knows", async || {
        let request = wire::GetPresencesRequest {
            user_ids: vec![ben.into()],
        };
        let seen = other.client_of(ann).get_presences(request).await.unwrap();
        let seen = seen.into_inner().presences.remove(0);
        (seen.status() == Status::Away && seen.custom.as_deref() == Some("brb")).then_some(())
    })
    .await;
}

macro_rules! on_each {
    ($($name:ident),+ $(,)?) => {
        mod in_memory {
            $(#[tokio::test] async fn $name() { super::$name(super::World::memory().await).await; })+
        }
        mod over_redis {
            $(#[tokio::test] async fn $name() { super::$name(super::World::redis().await).await; })+
        }
        mod over_a_cluster {
            $(#[tokio::test] async fn $name() { super::$name(super::World::cluster().await).await; })+
        }
    };
}

on_each!(
    what_happens_on_one_node_is_seen_on_the_other,
    a_device_elsewhere_keeps_somebody_here,
    a_node_that_starts_later_knows_who_is_here,
);

#[tokio::test]
async fn without_redis_a_node_knows_its_own_people_and_claims_nothing_of_others() {
    let world = World::redis_at("redis://127.0.0.1:1", false).await;
    let (ann, ben) = world.pair();
    let cleo = world.user();
    world.friends.show(ann, cleo, true, true);
    let node = world.node().await;
    let mut gateway = node.gateway().await;
    gateway.connect_all([(1, ann), (2, ben)]);

    kith_testkit::eventually("the node notices", async || {
        let request = wire::GetPresencesRequest {
            user_ids: vec![cleo.into(), ben.into()],
        };
        let seen = node.client_of(ann).get_presences(request).await.unwrap();
        let seen = seen.into_inner().presences;
        (seen.len() == 1 && seen[0].status() == Status::Online).then_some(())
    })
    .await;

    let watched = gateway.watch(1, &[cleo, ben]).await;
    assert_eq!(watched.len(), 1, "of cleo nothing is certain");
    gateway.set_status(2, Choice::Away).await;
    gateway.until(Status::Away).await;
}

#[tokio::test]
async fn who_was_here_before_redis_lost_everything_is_seen_though_somebody_came_before_the_next_beat()
 {
    let world = World::redis().await;
    let (ann, ben) = world.pair();
    let config = kith_presence::Config {
        lease: Duration::from_mins(1),
        ..kith_presence::Config::for_test()
    };
    let (one, early) = (world.node_with(config).await, world.node().await);
    let bens = one.gateway().await;
    bens.connect(1, ben);
    // Another node knows it from Redis alone, so it is there.
    online(&early, ann, ben).await;
    bens.fall_silent();
    world.forget_leases().await;

    let cleo = world.user();
    world.friends.show(ann, cleo, true, true);
    bens.connect(2, cleo);
    online(&one, ann, cleo).await;

    let other = world.node().await;
    online(&other, ann, cleo).await;
    online(&other, ann, ben).await;
}

async fn online(node: &Node, viewer: UserId, user: UserId) {
    kith_testkit::eventually("they are seen online", async || {
        let request = wire::GetPresencesRequest {
            user_ids: vec![user.into()],
        };
        let seen = node.client_of(viewer).get_presences(request).await.unwrap();
        let seen = seen.into_inner().presences.pop()?;
        (seen.status() == Status::Online).then_some(())
    })
    .await;
}
