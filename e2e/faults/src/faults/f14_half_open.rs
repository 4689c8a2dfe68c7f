//! Connections die without a word: nothing comes any more, and nobody closes them. New ones are good.

use std::time::Duration;

use super::{Fault, as_usual};
use crate::{
    scene::{Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F14",
    title: "half-open connections",
    in_ci: false,
    shape: Shape::Joined,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

/// By pings and keep-alive.
const NOTICED: Duration = Duration::from_secs(35);

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
        scene.rest(1, 5).await;
    }
    scene.heal().await;
}
