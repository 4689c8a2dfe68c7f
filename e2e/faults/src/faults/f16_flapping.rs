//! A mobile network: every connection of a device is cut after a short while, at any byte.

use std::time::Duration;

use super::{Fault, as_usual, crowd::Crowd};
use crate::{
    proxy::Rules,
    scene::{Mode, Scene, acting},
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

/// Devices that only listen, beside the 48 (in a quick run 8) that also talk.
const LISTENERS: usize = 152;
const FEW: usize = 20;
/// What is called out to them.
const CALLS: u64 = 3;
/// As for everybody else after the heal, and as long as a busy machine may take.
const SOON: Duration = Duration::from_secs(10);
const LATEST: Duration = Duration::from_mins(1);

async fn act(scene: &mut Scene) {
    let is_quick = scene.mode == Mode::Quick;
    let listeners = if is_quick { FEW } else { LISTENERS };
    let crowd = Crowd::gather_at_gates(scene, listeners).await;
    scene.fault("every connection of a device lives for 0.3 to 4 s");
    for at in scene.world.gateways() {
        scene.world.places[at].gate.rule(Rules {
            lifetime_ms: Some(300..4_000),
            ..Rules::default()
        });
    }
    for _ in 0..CALLS {
        scene.rest(2, 10).await;
        crowd.call_out(scene).await;
    }
    scene.rest(2, 2).await;
    for at in scene.world.gateways() {
        scene.world.places[at].gate.behave();
    }
    scene.heal().await;
    // `room.created`, and what was called out.
    let patience = if is_quick { LATEST } else { SOON };
    let has_all = crowd.all_live(1 + CALLS, patience).await.is_some();
    scene.extra(
        format!("{listeners} devices that listen have everything soon after"),
        has_all,
    );
    let again = crowd.count_again();
    scene.extra(
        format!("none of them got anything twice ({again})"),
        again == 0,
    );
    crowd.leave().await;
}
