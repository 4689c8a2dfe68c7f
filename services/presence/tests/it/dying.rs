//! Nodes and gateways that die.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use kith_api::presence::v1::{self as wire, Choice, Status};

use crate::world::World;

async fn the_people_of_a_dead_node_go_offline_when_its_lease_ends(world: World) {
    let (ann, ben) = world.pair();
    let (one, other) = (world.node().await, world.node().await);
    let (mut anns, bens) = (one.gateway().await, other.gateway().await);
    anns.connect(1, ann);
    anns.watch(1, &[ben]).await;
    bens.connect(9, world.user());
    bens.connect(1, ben);
    anns.until(Status::Online).await;
    // Some beats later.
    anns.changes_within(Duration::from_millis(700)).await;

    let died = world.clock.now();
    let since = Instant::now();
    drop(bens);
    other.kill().await;

    let gone = anns.until(Status::Offline).await;
    assert!(
        since.elapsed() > Duration::from_millis(300),
        "not before the lease ends"
    );
    let seen = gone.last_seen_time.unwrap();
    let seen = chrono::DateTime::from_timestamp(seen.seconds, u32::try_from(seen.nanos).unwrap());
    let seen = seen.unwrap();
    assert!(
        seen <= died + TimeDelta::milliseconds(500) && seen > died - TimeDelta::seconds(1),
        "{seen} is when the lease was last renewed, {died} when the node died"
    );
    let durable =
        kith_testkit::eventually("it is written", async || world.last_seen(ben).await).await;
    assert!((durable - seen).abs() < TimeDelta::seconds(1));
}

#[tokio::test]
async fn the_people_of_a_dead_node_go_offline_in_memory() {
    the_people_of_a_dead_node_go_offline_when_its_lease_ends(World::memory().await).await;
}

#[tokio::test]
async fn the_people_of_a_dead_node_go_offline_over_redis() {
    the_people_of_a_dead_node_go_offline_when_its_lease_ends(World::redis().await).await;
}

#[tokio::test]
async fn a_gateway_that_falls_silent_is_dead() {
    let world = World::memory().await;
    let (ann, ben) = world.pair();
    let node = world.node().await;
    let (mut living, mut silent) = (node.gateway().await, node.gateway().await);
    living.connect(1, ann);
    silent.connect(1, ben);
    living.watch(1, &[ben]).await;

    silent.fall_silent();

    silent.until_ended().await;
    living.until(Status::Offline).await;
}

#[tokio::test]
async fn a_gateway_that_attaches_again_in_time_changes_nothing() {
    let world = World::memory().await;
    let (ann, ben) = world.pair();
    let node = world.node().await;
    let (mut anns, bens) = (node.gateway().await, node.gateway().await);
    anns.connect(1, ann);
    bens.connect(1, ben);
    if anns.watch(1, &[ben]).await[0].status() != Status::Online {
        anns.until(Status::Online).await;
    }
    anns.changes_within(Duration::from_millis(700)).await;

    drop(bens);
    let again = node.gateway().await;
    again.connect(1, ben);

    // Longer than the old lease lives.
    let silence = anns.changes_within(Duration::from_millis(1_500)).await;
    assert_eq!(silence, []);
}

#[tokio::test]
async fn what_a_lone_node_left_behind_is_known_after_its_restart() {
    let world = World::memory().await;
    let (ann, ben) = world.pair();
    let node = world.node().await;
    let mut gateway = node.gateway().await;
    gateway.connect_all([(1, ann), (2, ben)]);
    gateway.set_status(1, Choice::Invisible).await;
    kith_testkit::eventually("both are on the lease", async || {
        let stays: i64 = sqlx::query_scalar("SELECT count(*) FROM presence.stays")
            .fetch_one(&world.database.pool)
            .await
            .unwrap();
        (stays == 2).then_some(())
    })
    .await;
    let hidden = world.last_seen(ann).await.unwrap();
    drop(gateway);
    node.kill().await;

    let node = world.node().await;

    let request = wire::GetPresencesRequest {
        user_ids: vec![ben.into()],
    };
    let seen = node.client_of(ann).get_presences(request).await.unwrap();
    let seen = seen.into_inner().presences.remove(0);
    assert!(
        seen.status() == Status::Online || seen.last_seen_time.is_some(),
        "at once, before anybody has tidied up"
    );
    kith_testkit::eventually("it is tidied up", async || world.last_seen(ben).await).await;
    assert_eq!(world.last_seen(ann).await, Some(hidden));
}
