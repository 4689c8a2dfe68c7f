//! Everybody comes back at once.

use std::time::Duration;

use kith_api::presence::v1::Status;
use kith_bus::Signal;
use kith_ids::UserId;

use crate::world::World;

const PEOPLE: usize = 5_000;

/// Hints that came until nothing came for a while.
async fn count(ear: &kith_bus::Subscription) -> usize {
    let mut hints = 0;
    while let Ok(signal) = tokio::time::timeout(Duration::from_millis(700), ear.recv()).await {
        hints += usize::from(matches!(signal, Signal::Message { .. }));
    }
    hints
}

async fn stays(world: &World) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM presence.stays")
        .fetch_one(&world.database.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn five_thousand_who_reconnect_are_a_few_hints_and_no_change() {
    let world = World::redis().await;
    let (ann, first) = world.pair();
    let people: Vec<UserId> = std::iter::repeat_with(|| world.user())
        .take(PEOPLE - 1)
        .chain([first])
        .collect();
    let (one, other) = (world.node_with(slow()).await, world.node_with(slow()).await);
    let mut watching = one.gateway().await;
    watching.connect(1, ann);
    watching.watch(1, &[first]).await;
    let ear = world.eavesdrop().await;
    count(&ear).await;

    let dying = other.gateway().await;
    dying.connect_all((0..).zip(people.iter().copied()));
    watching.until(Status::Online).await;
    let arriving = count(&ear).await;
    drop(dying);
    let again = other.gateway().await;
    again.connect_all((0..).zip(people.iter().copied()));
    let reconnecting = count(&ear).await;
    kith_testkit::eventually("everybody is on the new lease", async || {
        (stays(&world).await >= i64::try_from(PEOPLE).unwrap()).then_some(())
    })
    .await;

    assert!(arriving <= 30, "{arriving} hints for {PEOPLE} arrivals");
    assert!(
        reconnecting <= 30,
        "{reconnecting} hints for {PEOPLE} returns"
    );
    let changes = watching.changes_within(Duration::from_secs(1)).await;
    assert_eq!(changes, []);
}

/// Leases that outlive what a busy machine makes of the test, and comings and goings gathered as by default.
fn slow() -> kith_presence::Config {
    kith_presence::Config {
        lease: Duration::from_secs(15),
        gather: Duration::from_millis(50),
        ..kith_presence::Config::for_test()
    }
}
