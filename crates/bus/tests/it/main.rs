//! What every bus promises, tried on each of them; and what only a bus with a network must survive.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test support: a failure here fails the test"
)]

mod contract;
mod redis;

use std::time::Duration;

use bytes::Bytes;
use kith_bus::{Bus, SHARDS, Servers, Signal, Subscription};
use kith_clock::random_bytes;

/// Shards that tests which run at the same time on the same Redis hardly share.
fn shards<const N: usize>() -> [u16; N] {
    let mut shards = [0; N];
    let start = u16::from_ne_bytes(random_bytes());
    for (shard, place) in shards.iter_mut().zip(0..) {
        *shard = start.wrapping_add(place * 7) % SHARDS;
    }
    shards
}

/// The Redis of the tests.
fn redis() -> Servers {
    Servers::new(&kith_testkit::redis_url(), false).unwrap()
}

/// The Redis Cluster of the tests.
fn cluster() -> Servers {
    Servers::new(&kith_testkit::redis_cluster_urls(), true).unwrap()
}

async fn next(subscription: &Subscription) -> Signal {
    tokio::time::timeout(Duration::from_secs(10), subscription.recv())
        .await
        .expect("a signal within 10 s")
}

/// The next payload; interruptions (a bus that has just connected tells one) are skipped.
async fn next_payload(subscription: &Subscription) -> (u16, Bytes) {
    loop {
        if let Signal::Message { shard, payload } = next(subscription).await {
            return (shard, payload);
        }
    }
}

/// Publishes until the subscription hears it: a bus in the background may not be connected yet.
async fn settle(bus: &Bus, subscription: &Subscription, shard: u16) {
    subscription.add(&[shard]).await;
    kith_testkit::eventually("the bus is connected", || async {
        bus.publish(shard, Bytes::from_static(b"settle"));
        tokio::time::timeout(Duration::from_millis(100), next_payload(subscription))
            .await
            .ok()
    })
    .await;
    // A settling payload that came late must not be taken for a test's.
    while tokio::time::timeout(Duration::from_millis(50), subscription.recv())
        .await
        .is_ok()
    {}
}
