//! What every lease store promises, tried on each of them.

use kith_clock::{Clock, random_bytes};

use super::*;

const LIFE: Duration = Duration::from_secs(30);

/// The tests' Redis, in a space of its own.
fn redis() -> Leases {
    of(&kith_testkit::redis_url(), false)
}

/// The tests' Redis Cluster, likewise.
fn cluster() -> Leases {
    of(&kith_testkit::redis_cluster_urls(), true)
}

fn of(urls: &str, is_cluster: bool) -> Leases {
    let space = format!("kith-test-{:032x}", u128::from_ne_bytes(random_bytes()));
    Leases::redis(&Servers::new(urls, is_cluster).unwrap(), &space).unwrap()
}

fn lease() -> LeaseId {
    LeaseId(Clock::system().new_id())
}

fn person(value: &'static str) -> (UserId, Bytes) {
    (
        Clock::system().new_id().into(),
        Bytes::from_static(value.as_bytes()),
    )
}

async fn what_is_written_is_found(leases: Leases) {
    let (id, ann, ben) = (lease(), person("ann"), person("ben"));
    let first = LeaseWrite {
        revision: 1,
        put: vec![ann.clone(), ben.clone()],
        ..LeaseWrite::default()
    };
    leases.write(id, &first, LIFE).await.unwrap();
    let changed = (ann.0, Bytes::from_static(b"ann is away"));
    let second = LeaseWrite {
        revision: 2,
        put: vec![changed.clone()],
        removed: vec![ben.0],
        ..LeaseWrite::default()
    };

    leases.write(id, &second, LIFE).await.unwrap();

    let found = leases.find(id).await.unwrap().unwrap();
    assert_eq!(found.revision, 2);
    assert_eq!(found.people, HashMap::from([changed]));
    assert_eq!(leases.list().await.unwrap(), [(id, 2)]);
}

async fn every_lease_is_listed(leases: Leases) {
    let write = LeaseWrite {
        revision: 1,
        put: vec![person("ann")],
        ..LeaseWrite::default()
    };
    // More than a cluster of three can have on one server by chance.
    let mut written: Vec<_> = (0..16).map(|_| (lease(), 1)).collect();
    for (id, _) in &written {
        leases.write(*id, &write, LIFE).await.unwrap();
    }

    let mut listed = leases.list().await.unwrap();

    listed.sort_by_key(|(id, _)| id.0);
    written.sort_by_key(|(id, _)| id.0);
    assert_eq!(listed, written);
}

async fn everything_replaces_everybody(leases: Leases) {
    let (id, ann, ben) = (lease(), person("ann"), person("ben"));
    let write = |revision, everything, who: &(UserId, Bytes)| LeaseWrite {
        revision,
        everything,
        put: vec![who.clone()],
        ..LeaseWrite::default()
    };
    leases
        .write(id, &write(1, false, &ann), LIFE)
        .await
        .unwrap();

    leases.write(id, &write(3, true, &ben), LIFE).await.unwrap();

    let found = leases.find(id).await.unwrap().unwrap();
    assert_eq!((found.revision, found.people), (3, HashMap::from([ben])));
}

async fn who_writes_some_into_a_lease_that_is_gone_is_told(leases: Leases) {
    let (id, ann) = (lease(), person("ann"));
    let some = |revision| LeaseWrite {
        revision,
        put: vec![ann.clone()],
        ..LeaseWrite::default()
    };
    let all = LeaseWrite {
        everything: true,
        ..some(2)
    };

    assert!(!leases.write(id, &some(1), LIFE).await.unwrap());
    assert!(leases.write(id, &all, LIFE).await.unwrap());
    assert!(leases.write(id, &some(3), LIFE).await.unwrap());
    assert!(leases.write(lease(), &all, LIFE).await.unwrap());
}

async fn a_lease_that_is_not_renewed_is_gone_with_everybody(leases: Leases) {
    let (short, long) = (lease(), lease());
    let write = LeaseWrite {
        revision: 1,
        put: vec![person("ann")],
        ..LeaseWrite::default()
    };
    let moment = Duration::from_millis(50);
    leases.write(short, &write, moment).await.unwrap();
    leases.write(long, &write, moment).await.unwrap();
    assert!(leases.renew(long, LIFE).await.unwrap());

    kith_testkit::eventually("the lease ends", || async {
        leases.find(short).await.unwrap().is_none().then_some(())
    })
    .await;

    assert!(!leases.renew(short, LIFE).await.unwrap());
    assert_eq!(leases.list().await.unwrap(), [(long, 1)]);
    assert!(leases.find(long).await.unwrap().is_some());
}

macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod in_memory {
            $(#[tokio::test] async fn $name() { super::$name(super::Leases::memory()).await; })+
        }
        mod in_redis {
            $(#[tokio::test] async fn $name() { super::$name(super::redis()).await; })+
        }
        mod in_a_cluster {
            $(#[tokio::test] async fn $name() { super::$name(super::cluster()).await; })+
        }
    };
}

contract!(
    what_is_written_is_found,
    every_lease_is_listed,
    everything_replaces_everybody,
    who_writes_some_into_a_lease_that_is_gone_is_told,
    a_lease_that_is_not_renewed_is_gone_with_everybody,
);

#[tokio::test]
async fn a_redis_that_is_away_is_an_error_and_nobody_waits_long() {
    for is_cluster in [false, true] {
        let leases = of("redis://127.0.0.1:1", is_cluster);

        let listed = tokio::time::timeout(Duration::from_secs(5), leases.list()).await;

        assert!(listed.unwrap().is_err());
    }
}
