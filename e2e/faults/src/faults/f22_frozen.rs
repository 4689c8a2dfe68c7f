//! A node stands still and goes on as if nothing had been, while memberships change at the other one.

use std::time::Duration;

use super::{Fault, as_usual};
use crate::{
    scene::{Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F22",
    title: "a frozen node",
    in_ci: false,
    alone: false,
    shape: Shape::Apart,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

async fn act(scene: &mut Scene) {
    // A gateway, then services.
    for at in [2, 0] {
        scene.fault(format!("SIGSTOP for place {at}"));
        scene.world.freeze(at, true);
        scene.rest(6, 30).await;
        scene.fault(format!("SIGCONT for place {at}"));
        scene.world.freeze(at, false);
        let before = scene.acknowledged();
        let goes_on = scene
            .acknowledges(before, 10, Duration::from_secs(20))
            .await;
        scene.extra("sends go on after it", goes_on);
        scene.rest(2, 5).await;
    }
    scene.heal().await;
}
