//! Redis stands still without closing anything, and goes on. Sends do not wait for it.

use std::{collections::HashMap, time::Duration};

use super::{Fault, as_usual};
use crate::{
    history::What,
    scene::{Mode, Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F5",
    title: "Redis paused",
    in_ci: false,
    alone: false,
    shape: Shape::Joined,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

/// What 99 of 100 sends may take meanwhile.
const SLOWEST: Duration = Duration::from_secs(1);

async fn act(scene: &mut Scene) {
    scene.only_hints_are_lost();
    scene.fault("SIGSTOP for Redis");
    let from = scene.history.elapsed();
    scene.world.freeze_redis(true);
    scene.rest(6, 15).await;
    let p99 = slowest_of_hundred(scene, from);
    scene.fault("SIGCONT for Redis");
    scene.world.freeze_redis(false);
    let holds = scene.mode == Mode::Quick || p99 <= SLOWEST;
    scene.extra(
        format!(
            "99 of 100 sends take at most 1 s while Redis stands still ({} ms)",
            p99.as_millis()
        ),
        holds,
    );
    scene.heal().await;
}

/// From the decision to send to the acknowledgement, of what began after `from`.
fn slowest_of_hundred(scene: &Scene, from: u64) -> Duration {
    let mut began = HashMap::new();
    let mut took = Vec::new();
    for entry in scene.history.entries() {
        match entry.what {
            What::Invoke { client_id, .. } if entry.at >= from => {
                began.insert(client_id, entry.at);
            }
            What::Ok { client_id, .. } => {
                took.extend(began.remove(&client_id).map(|at| entry.at - at));
            }
            _ => {}
        }
    }
    took.sort_unstable();
    let at = (took.len() * 99).div_ceil(100).saturating_sub(1);
    Duration::from_millis(took.get(at).copied().unwrap_or(u64::MAX))
}
