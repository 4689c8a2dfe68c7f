//! What people choose to look like.

use std::time::Duration;

use kith_api::presence::v1::{self as wire, Choice, Status};
use kith_error::Reason;

use crate::world::World;

fn custom(text: &str) -> wire::Custom {
    wire::Custom {
        text: text.to_owned(),
        expire_time: None,
    }
}

#[tokio::test]
async fn who_becomes_invisible_looks_as_if_they_had_left() {
    let world = World::memory().await;
    let (ann, ben) = world.pair();
    let node = world.node().await;
    let mut gateway = node.gateway().await;
    gateway.connect_all([(1, ann), (2, ben)]);
    gateway.watch(1, &[ben]).await;
    gateway
        .try_set_status(2, Choice::Online, Some(custom("here")))
        .await
        .unwrap();

    gateway.set_status(2, Choice::Invisible).await;

    let hidden = gateway.until(Status::Offline).await;
    assert!(hidden.last_seen_time.is_some());
    assert_eq!((hidden.custom, hidden.invisible), (None, false));
    let left = world.last_seen(ben).await;
    gateway.disconnect(2);
    gateway.connect(3, ben);
    let silence = gateway.changes_within(Duration::from_millis(300)).await;
    assert_eq!(silence, [], "neither leaving nor coming back shows");
    gateway.disconnect(3);
    assert_eq!(world.last_seen(ben).await, left);
    let again = gateway.watch(1, &[ben]).await;
    assert_eq!(again[0].last_seen_time, hidden.last_seen_time);
}

#[tokio::test]
async fn invisible_lasts_and_away_does_not() {
    let world = World::memory().await;
    let (ann, ben) = world.pair();
    let node = world.node().await;
    let mut gateway = node.gateway().await;
    gateway.connect_all([(1, ann), (2, ben)]);
    gateway.watch(1, &[ben]).await;
    gateway.set_status(2, Choice::Away).await;
    gateway.until(Status::Away).await;
    gateway.disconnect(2);
    gateway.until(Status::Offline).await;

    gateway.connect(3, ben);

    gateway.until(Status::Online).await;
    gateway.set_status(3, Choice::Invisible).await;
    gateway.until(Status::Offline).await;
    gateway.set_status(3, Choice::Online).await;
    gateway.until(Status::Online).await;
}

#[tokio::test]
async fn a_custom_status_stays_until_it_is_changed_or_ends() {
    let world = World::memory().await;
    let (ann, ben) = world.pair();
    let node = world.node().await;
    let mut gateway = node.gateway().await;
    gateway.connect_all([(1, ann), (2, ben)]);
    gateway.watch(1, &[ben]).await;
    gateway
        .try_set_status(2, Choice::Online, Some(custom(" at lunch ")))
        .await
        .unwrap();

    gateway.set_status(2, Choice::Away).await;
    let away = gateway.until(Status::Away).await;
    assert_eq!(away.custom.as_deref(), Some("at lunch"));

    let soon = world.clock.now() + chrono::TimeDelta::milliseconds(400);
    let ending = Some(wire::Custom {
        text: "back soon".to_owned(),
        expire_time: Some(prost_types::Timestamp {
            seconds: soon.timestamp(),
            nanos: i32::try_from(soon.timestamp_subsec_nanos()).unwrap(),
        }),
    });
    gateway
        .try_set_status(2, Choice::Away, ending)
        .await
        .unwrap();
    loop {
        let (seen, _) = gateway.change().await;
        if seen.custom.is_none() {
            break;
        }
    }

    gateway
        .try_set_status(2, Choice::Online, Some(custom("again")))
        .await
        .unwrap();
    gateway.until(Status::Online).await;
    gateway
        .try_set_status(2, Choice::Online, Some(custom("")))
        .await
        .unwrap();
    assert_eq!(gateway.until(Status::Online).await.custom, None);
}

#[tokio::test]
async fn bad_statuses_are_refused() {
    let world = World::memory().await;
    let ann = world.user();
    let node = world.node().await;
    let mut gateway = node.gateway().await;
    gateway.connect(1, ann);

    let past = wire::Custom {
        text: "x".to_owned(),
        expire_time: Some(prost_types::Timestamp {
            seconds: 1,
            nanos: 0,
        }),
    };
    for said in [custom(&"x".repeat(141)), custom("a\u{0}b"), past] {
        let refused = gateway.try_set_status(1, Choice::Online, Some(said)).await;
        assert_eq!(refused, Err(Reason::InvalidField));
    }
    let unknown = gateway.try_set_status(1, Choice::Unspecified, None).await;
    assert_eq!(unknown, Err(Reason::InvalidField));
    let nobody = gateway.try_set_status(7, Choice::Away, None).await;
    assert_eq!(nobody, Err(Reason::Unauthenticated));
}

#[tokio::test]
async fn nothing_is_kept_of_somebody_deleted() {
    let world = World::memory().await;
    let ann = world.user();
    let node = world.node().await;
    let mut gateway = node.gateway().await;
    gateway.connect(1, ann);
    gateway
        .try_set_status(1, Choice::Away, Some(custom("secret")))
        .await
        .unwrap();
    let request = wire::ApplyVisibilityRequest {
        deleted_user_ids: vec![ann.into()],
        ..Default::default()
    };
    node.client(&kith_auth::Caller::node("friends"))
        .apply_visibility(request)
        .await
        .unwrap();

    gateway.disconnect(1);
    kith_testkit::eventually("ann is on no lease", async || {
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM presence.stays")
            .fetch_one(&world.database.pool)
            .await
            .unwrap();
        (left == 0).then_some(())
    })
    .await;

    assert_eq!(world.last_seen(ann).await, None);
    let said: Option<String> = sqlx::query_scalar("SELECT custom FROM presence.people")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(said, None);
}
