//! Postgres dies, once as a whole and once only its first process, and recovers. What was acknowledged is there.

use std::time::Duration;

use super::{Fault, as_usual};
use crate::{
    scene::{Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F8",
    title: "Postgres killed, with recovery",
    in_ci: false,
    alone: false,
    shape: Shape::Joined,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

async fn act(scene: &mut Scene) {
    for postmaster_alone in [false, true] {
        scene.fault(format!(
            "Postgres is killed; only its first process: {postmaster_alone}"
        ));
        if postmaster_alone {
            scene.world.postgres.kill_postmaster();
        } else {
            scene.world.postgres.kill();
        }
        scene.rest(2, 5).await;
        scene.fault("Postgres starts again");
        scene.world.postgres.resume().await;
        let before = scene.acknowledged();
        let goes_on = scene.acknowledges(before, 5, Duration::from_secs(15)).await;
        scene.extra("sends are acknowledged again within 15 s", goes_on);
        scene.rest(1, 5).await;
    }
    scene.heal().await;
}
