//! Watching people: what is answered, what changes, who is told.

use std::time::Duration;

use kith_api::presence::v1::{Choice, Status, answer::Result as Answered};
use kith_error::Reason;

use crate::world::World;

#[tokio::test]
async fn who_is_watched_comes_and_goes_before_the_watchers_eyes() {
    let world = World::memory().await;
    let (ann, ben) = world.pair();
    let node = world.node().await;
    let mut gateway = node.gateway().await;
    gateway.connect(1, ann);

    let before = gateway.watch(1, &[ben]).await;
    assert_eq!(before[0].status(), Status::Offline);
    assert_eq!(before[0].last_seen_time, None);

    gateway.connect(2, ben);
    let (seen, sockets) = gateway.change().await;
    assert_eq!((seen.status(), sockets), (Status::Online, vec![1]));

    gateway.disconnect(2);
    let gone = gateway.until(Status::Offline).await;
    assert!(gone.last_seen_time.is_some());
    assert!(world.last_seen(ben).await.is_some());
}

#[tokio::test]
async fn somebody_is_here_until_their_last_device_leaves() {
    let world = World::memory().await;
    let (ann, ben) = world.pair();
    let node = world.node().await;
    let mut gateway = node.gateway().await;
    gateway.connect_all([(1, ann), (2, ben), (3, ben)]);
    gateway.watch(1, &[ben]).await;
    gateway.disconnect(2);

    gateway.set_status(3, Choice::Away).await;
    let seen = gateway.until(Status::Away).await;
    assert_eq!(seen.last_seen_time, None);

    gateway.disconnect(3);
    gateway.until(Status::Offline).await;
}

#[tokio::test]
async fn a_new_watch_replaces_the_old_one() {
    let world = World::memory().await;
    let (ann, ben) = world.pair();
    let cleo = world.user();
    world.friends.show(ann, cleo, true, true);
    let node = world.node().await;
    let mut gateway = node.gateway().await;
    gateway.connect(1, ann);
    gateway.watch(1, &[ben]).await;

    gateway.watch(1, &[cleo]).await;
    gateway.connect(2, ben);
    gateway.connect(3, cleo);

    let (seen, _) = gateway.change().await;
    assert_eq!(seen.user_id, cleo.to_string());
    assert_eq!(gateway.watch(1, &[]).await, []);
}

#[tokio::test]
async fn a_change_is_told_once_to_each_socket_that_looks() {
    let world = World::memory().await;
    let (ann, ben) = world.pair();
    let dora = world.user();
    let node = world.node().await;
    let mut gateway = node.gateway().await;
    gateway.connect_all([(1, ann), (2, ann), (3, dora)]);
    for socket in [1, 2, 3] {
        gateway.watch(socket, &[ben]).await;
    }

    gateway.connect(4, ben);

    let (_, mut sockets) = gateway.change().await;
    sockets.sort_unstable();
    assert_eq!(sockets, [1, 2]);
    let silence = gateway.changes_within(Duration::from_millis(200)).await;
    assert_eq!(silence, []);
}

#[tokio::test]
async fn a_phone_that_flaps_is_one_change_in_a_while() {
    let world = World::memory().await;
    let (ann, ben) = world.pair();
    let node = world.node().await;
    let mut gateway = node.gateway().await;
    gateway.connect(1, ann);
    gateway.watch(1, &[ben]).await;

    // Flaps for two of the intervals that the tests have, faster than anything is gathered and slower.
    let mut changes = Vec::new();
    for socket in 2..14 {
        gateway.connect(socket, ben);
        changes.extend(gateway.changes_within(Duration::from_millis(50)).await);
        gateway.disconnect(socket);
        changes.extend(gateway.changes_within(Duration::from_millis(50)).await);
    }
    changes.extend(gateway.changes_within(Duration::from_millis(1_500)).await);

    assert!((1..=4).contains(&changes.len()), "{}", changes.len());
    assert_eq!(changes.last().unwrap().status(), Status::Offline);
}

#[tokio::test]
async fn bad_watches_are_refused_with_their_fields() {
    let world = World::memory().await;
    let ann = world.user();
    let node = world.node().await;
    let mut gateway = node.gateway().await;
    gateway.connect(1, ann);

    let too_many: Vec<_> = (0..201).map(|_| world.user()).collect();
    assert_eq!(
        gateway.try_watch(1, &too_many).await,
        Err(Reason::InvalidField)
    );
    let malformed = gateway.watch_ids(1, vec!["nobody".to_owned()]).await;
    assert!(matches!(malformed, Answered::Failure(failure) if failure.violations.len() == 1));
    assert_eq!(
        gateway.try_watch(99, &[ann]).await,
        Err(Reason::Unauthenticated)
    );
    world.friends.set_down(true);
    assert_eq!(
        gateway.try_watch(1, &[world.user()]).await,
        Err(Reason::Unavailable)
    );
}
