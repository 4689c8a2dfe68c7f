//! All nodes are restarted under load, one after the other, as an upgrade does.

use std::time::{Duration, Instant};

use super::{Fault, as_usual};
use crate::{
    scene::{Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F23",
    title: "rolling restart",
    in_ci: false,
    alone: false,
    shape: Shape::Acquainted,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

/// From SIGTERM to the end; the grace period is 8 s.
const LONGEST_DRAIN: Duration = Duration::from_secs(12);

async fn act(scene: &mut Scene) {
    for at in 0..scene.world.places.len() {
        scene.fault(format!("SIGTERM for place {at}"));
        let began = Instant::now();
        let status = scene.world.stop(at).await;
        scene.extra(format!("place {at} ends well ({status})"), status.success());
        scene.extra(
            format!("place {at} ends in {} ms", began.elapsed().as_millis()),
            began.elapsed() <= LONGEST_DRAIN,
        );
        scene.world.restart(at).await;
        scene.fault(format!("place {at} is back"));
        scene.rest(2, 8).await;
    }
    scene.heal().await;
}
