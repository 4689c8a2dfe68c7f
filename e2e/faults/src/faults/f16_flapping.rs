//! A mobile network: every connection of a device is cut after a short while, at any byte.

use super::{Fault, as_usual};
use crate::{
    proxy::Rules,
    scene::{Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F16",
    title: "flapping devices",
    in_ci: true,
    alone: false,
    shape: Shape::Joined,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

async fn act(scene: &mut Scene) {
    scene.fault("every connection of a device lives for 0.3 to 4 s");
    for at in scene.world.gateways() {
        scene.world.places[at].gate.rule(Rules {
            lifetime_ms: Some(300..4_000),
            ..Rules::default()
        });
    }
    scene.rest(8, 30).await;
    for at in scene.world.gateways() {
        scene.world.places[at].gate.behave();
    }
    scene.heal().await;
}
