//! A gateway with very many sockets dies; all of them come to the other one at once, and miss nothing of what was said meanwhile.

use std::time::Duration;

use kith_e2e::Load;
use rustix::process::{Resource, getrlimit};

use super::{Fault, as_usual, crowd::Crowd};
use crate::{
    scene::{Mode, Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F17",
    title: "reconnect storm",
    in_ci: false,
    alone: true,
    shape: Shape::Joined,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

/// Sockets of a full run, where the machine lets a process have so many.
const MANY: u64 = 5_000;
const FEW: u64 = 200;
/// Files that the harness needs beside them.
const OTHERS: u64 = 2_000;
/// 99 of 100 are back so soon, and the last one soon after.
const BACK: Duration = Duration::from_secs(20);
const ALL_BACK: Duration = Duration::from_secs(40);
/// Meanwhile the database has at most so many times the work that it has before.
const LOAD: f64 = 3.0;

async fn act(scene: &mut Scene) {
    let wanted = if scene.mode == Mode::Quick { FEW } else { MANY };
    let bearable = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let count = usize::try_from(wanted.min(bearable.saturating_sub(OTHERS))).unwrap();
    let crowd = Crowd::gather(scene, count).await;
    let live = crowd.count_live(0);
    scene.extra(format!("{live} of {count} sockets are open"), live == count);

    let before = Load::so_far(&scene.world.postgres);
    scene.rest(2, 10).await;
    let steady = Load::so_far(&scene.world.postgres) - before;
    let at = scene.world.gateways()[0];
    scene.fault(format!(
        "SIGKILL for the gateway that {count} sockets are at"
    ));
    let before = Load::so_far(&scene.world.postgres);
    scene.world.kill(at).await;
    crowd.call_out(scene).await;
    // `room.created`, and what was called out.
    let back = crowd.all_live(2, ALL_BACK).await;
    judge_load(scene, steady, Load::so_far(&scene.world.postgres) - before);
    let words = match back {
        Some([most, all]) => format!(
            "99 % after {} ms, all after {} ms",
            most.as_millis(),
            all.as_millis()
        ),
        None => format!(
            "{} of them after {} s",
            crowd.count_live(2),
            ALL_BACK.as_secs()
        ),
    };
    let holds = back.is_some_and(|[most, _]| most <= BACK || scene.mode == Mode::Quick);
    scene.extra(
        format!("99 % of {count} are live and at the head again within 20 s ({words})"),
        holds,
    );
    scene.world.restart(at).await;
    scene.heal().await;
    crowd.leave().await;
}

/// The other devices go on talking, before and meanwhile.
fn judge_load(scene: &Scene, steady: Load, storm: Load) {
    let transactions = storm.transactions() / steady.transactions();
    let statements = storm.statements() / steady.statements();
    let holds = (transactions <= LOAD && statements <= LOAD) || scene.mode == Mode::Quick;
    scene.extra(
        format!(
            "the database has at most {LOAD} times the work while they come back (transactions {transactions:.2} of {:.0}/s, statements {statements:.2} of {:.0}/s)",
            steady.transactions(),
            steady.statements(),
        ),
        holds,
    );
}
