//! A gateway dies in the middle of everything, twice; its devices go to the other one, and come back.

use std::time::Duration;

use rand::RngExt as _;

use super::{Fault, as_usual};
use crate::{
    scene::{Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F1",
    title: "gateway killed",
    in_ci: true,
    alone: false,
    shape: Shape::Apart,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

async fn act(scene: &mut Scene) {
    let gateways = scene.world.gateways();
    for at in gateways {
        let moment = scene.random.random_range(0..1_000);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        scene.fault(format!("SIGKILL for place {at}"));
        scene.world.kill(at).await;
        let before = scene.acknowledged();
        let goes_on = scene.acknowledges(before, 5, Duration::from_secs(15)).await;
        scene.extra("the other gateway serves its devices within 15 s", goes_on);
        scene.rest(1, 4).await;
        scene.fault(format!("place {at} starts again"));
        scene.world.restart(at).await;
    }
    scene.heal().await;
}
