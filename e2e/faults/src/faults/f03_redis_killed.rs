//! Redis dies and comes back empty. Sends go on as if nothing had happened; what others sent comes late.

use std::time::Duration;

use super::{Fault, as_usual};
use crate::{
    scene::{Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F3",
    title: "Redis killed, back empty",
    in_ci: true,
    alone: false,
    shape: Shape::Joined,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

async fn act(scene: &mut Scene) {
    scene.only_hints_are_lost();
    scene.fault("SIGKILL for Redis");
    scene.world.redis.kill();
    let before = scene.acknowledged();
    let goes_on = scene
        .acknowledges(before, 20, Duration::from_secs(15))
        .await;
    scene.extra("sends go on without Redis", goes_on);
    for at in scene.world.gateways() {
        scene.world.wait_ready(at).await;
    }
    scene.rest(4, 20).await;
    scene.fault("Redis starts again, empty");
    scene.world.redis.resume().await;
    scene.heal().await;
}
