//! The contract suite.

use bytes::Bytes;
use kith_bus::{Bus, Servers, Signal};
use kith_runtime::{Shutdown, Tasks};

use super::{next_payload, settle, shards};

/// Two nodes on one bus.
fn memory() -> (Bus, Bus) {
    let bus = Bus::memory();
    (bus.clone(), bus)
}

fn over(servers: &Servers) -> (Bus, Bus) {
    let tasks = Tasks::new(Shutdown::new());
    let node = || Bus::redis(servers, &tasks).unwrap();
    (node(), node())
}

macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod in_memory {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::memory()).await;
            })+
        }
        mod over_redis {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::over(&crate::redis())).await;
            })+
        }
        mod over_a_cluster {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::over(&crate::cluster())).await;
            })+
        }
    };
}

contract!(
    payloads_arrive_in_order_at_every_subscriber_of_the_shard,
    a_confirmed_shard_hears_what_is_published_next,
    a_removed_shard_is_silent_and_can_be_added_again,
    a_subscriber_that_reads_too_slowly_is_told,
);

async fn payloads_arrive_in_order_at_every_subscriber_of_the_shard((here, there): (Bus, Bus)) {
    let [shard, other] = shards();
    let (near, far) = (here.subscribe(), there.subscribe());
    settle(&here, &near, shard).await;
    settle(&here, &far, shard).await;
    while tokio::time::timeout(std::time::Duration::from_millis(50), near.recv())
        .await
        .is_ok()
    {}

    here.publish(other, Bytes::from_static(b"elsewhere"));
    for number in 0..200_u8 {
        here.publish(shard, Bytes::from(vec![number]));
    }

    for subscription in [&near, &far] {
        for number in 0..200_u8 {
            assert_eq!(
                next_payload(subscription).await,
                (shard, Bytes::from(vec![number]))
            );
        }
    }
}

async fn a_confirmed_shard_hears_what_is_published_next((here, there): (Bus, Bus)) {
    let [first, rest @ ..] = shards::<40>();
    let subscription = there.subscribe();
    settle(&here, &subscription, first).await;

    for shard in rest {
        subscription.add(&[shard]).await;
        here.publish(shard, Bytes::from_static(b"at once"));

        assert_eq!(next_payload(&subscription).await.0, shard);
    }
}

async fn a_removed_shard_is_silent_and_can_be_added_again((here, there): (Bus, Bus)) {
    let [gone, kept, later] = shards();
    let subscription = there.subscribe();
    settle(&here, &subscription, kept).await;
    subscription.add(&[gone]).await;

    subscription.remove(&[gone]);
    // Changes count in order: once this one is confirmed, so is the removal.
    subscription.add(&[later]).await;
    here.publish(gone, Bytes::from_static(b"unheard"));
    here.publish(kept, Bytes::from_static(b"heard"));
    let heard = next_payload(&subscription).await;
    subscription.add(&[gone]).await;
    here.publish(gone, Bytes::from_static(b"heard again"));

    assert_eq!(heard, (kept, Bytes::from_static(b"heard")));
    assert_eq!(next_payload(&subscription).await.0, gone);
}

async fn a_subscriber_that_reads_too_slowly_is_told((here, there): (Bus, Bus)) {
    let [shard] = shards();
    let subscription = there.subscribe();
    settle(&here, &subscription, shard).await;

    // More than its queue holds; in portions, so that no other limit is hit on the way.
    for _ in 0..40 {
        for _ in 0..500 {
            here.publish(shard, Bytes::from_static(b"flood"));
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }

    kith_testkit::eventually("the interruption", || async {
        (subscription.recv().await == Signal::Interrupted).then_some(())
    })
    .await;
}
