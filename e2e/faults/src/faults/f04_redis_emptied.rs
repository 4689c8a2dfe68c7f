//! Redis forgets everything and throws its clients out, again and again.

use super::{Fault, as_usual};
use crate::{
    scene::{Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F4",
    title: "Redis emptied, its clients thrown out",
    in_ci: false,
    alone: false,
    shape: Shape::Joined,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

async fn act(scene: &mut Scene) {
    let commands = [
        "FLUSHALL",
        "CLIENT KILL TYPE pubsub",
        "SCRIPT FLUSH",
        "CLIENT KILL TYPE normal",
        "FLUSHALL",
    ];
    for command in commands {
        let answer = scene.world.tell_redis(command).await;
        scene.fault(format!("{command}: {}", answer.trim()));
        scene.extra(format!("Redis takes {command}"), !answer.starts_with('-'));
        scene.rest(1, 4).await;
    }
    scene.heal().await;
}
