//! A node with the services dies: before a commit, after a commit and before its publish, at a publish and before the
//! answer, and at any moment. The proxies hold the node at that point, so that it is exact.

use std::time::Duration;

use futures::FutureExt as _;

use super::{Fault, as_usual};
use crate::{
    proxy::Moment,
    scene::{Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F2",
    title: "services killed at a point of the append",
    in_ci: true,
    alone: false,
    shape: Shape::Acquainted,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

async fn act(scene: &mut Scene) {
    // Who is at the node that stays hears what the other one committed and did not tell.
    scene.only_hints_are_lost();
    let writers = scene.world.writers();
    let moments = [
        Moment::AfterCommit,
        Moment::BeforePublish,
        Moment::BeforeCommit,
    ];
    for (round, moment) in moments.into_iter().enumerate() {
        let at = writers[round % writers.len()];
        let place = &scene.world.places[at];
        let comes = match moment {
            Moment::BeforePublish => place.redis.hold_at(moment).boxed(),
            Moment::BeforeCommit | Moment::AfterCommit => place.postgres.hold_at(moment).boxed(),
        };
        let came = tokio::time::timeout(Duration::from_secs(20), comes)
            .await
            .is_ok();
        scene.extra(format!("{moment:?} came at place {at}"), came);
        scene.fault(format!("SIGKILL for place {at} at {moment:?}"));
        scene.world.kill(at).await;
        scene.rest(1, 4).await;
        scene.world.restart(at).await;
        scene.fault(format!("place {at} is back"));
    }
    scene.heal().await;
}
