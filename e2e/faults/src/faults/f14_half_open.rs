//! Connections die without a word: nothing comes any more, and nobody closes them. New ones are good.

use std::time::Duration;

use kith_sdk::rest::ProfileChange;

use super::{Fault, as_usual};
use crate::{
    scene::{Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F14",
    title: "half-open connections",
    in_ci: false,
    alone: false,
    shape: Shape::Joined,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

/// By pings and keep-alive.
const NOTICED: Duration = Duration::from_secs(35);

const POLL: Duration = Duration::from_millis(200);

async fn act(scene: &mut Scene) {
    for name in ["devices", "Redis", "Postgres"] {
        scene.fault(format!(
            "all connections to {name} are dead from now on, and open"
        ));
        for place in &scene.world.places {
            match name {
                "devices" => place.gate.strand(),
                "Redis" => place.redis.strand(),
                _ => place.postgres.strand(),
            }
        }
        // What was on its way may still be answered.
        scene.rest(1, 1).await;
        let before = scene.acknowledged();
        let goes_on = scene.acknowledges(before, 10, NOTICED).await;
        scene.extra(
            format!("dead connections to {name} are given up within 35 s"),
            goes_on,
        );
        if name == "Postgres" {
            let told = tokio::time::timeout(NOTICED, relays_go_on(scene)).await;
            scene.extra(
                "what accounts and friends have to tell arrives within 35 s",
                told.is_ok(),
            );
        }
        scene.rest(1, 5).await;
    }
    scene.heal().await;
    scene.rest(1, 5).await;
    // The servers behind the dead connections have waited long enough.
    for place in &scene.world.places {
        for proxy in [&place.gate, &place.redis, &place.postgres] {
            proxy.bury();
        }
    }
}

/// Changes something at accounts and at friends, and waits until their outboxes are empty.
async fn relays_go_on(scene: &Scene) {
    let [one, other, ..] = &scene.traffic.people[..] else {
        return;
    };
    let change = ProfileChange {
        display_name: Some("Renamed".to_owned()),
        ..ProfileChange::default()
    };
    // Calls are refused as long as the pools are full of dead connections.
    while one.api.update_me(&change).await.is_err() {
        tokio::time::sleep(POLL).await;
    }
    while let Err(error) = one.api.request_friend(other.id(), None).await {
        // An earlier try may have arrived.
        if error.code() == Some("already_requested") {
            break;
        }
        tokio::time::sleep(POLL).await;
    }
    let mut db = scene.world.database().await;
    let waiting =
        "SELECT (SELECT count(*) FROM accounts.outbox) + (SELECT count(*) FROM friends.outbox)";
    while sqlx::query_scalar::<_, i64>(waiting)
        .fetch_one(&mut db)
        .await
        .unwrap()
        > 0
    {
        tokio::time::sleep(POLL).await;
    }
}
