//! Redis throws a subscriber out whose connection takes nothing: its output buffer is full.

use super::{Fault, as_usual, keeper};
use crate::{
    proxy::Rules,
    scene::{Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F7",
    title: "Redis cuts a subscriber off",
    in_ci: false,
    alone: false,
    shape: Shape::Joined,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

/// How often that is tried, each time in another room: of some the cut node is the one that stores their messages, and hears nothing of them from Redis.
const TRIES: usize = 8;
/// Stretches of a flood: more than the kernel and Redis keep for one who takes nothing.
const FLOODS: usize = 5;
/// What Redis says then.
const CUT_OFF: &str = "overcoming of output buffer limits";

async fn act(scene: &mut Scene) {
    // Reached before the node misses Redis' answers and begins anew, on a slow machine too.
    let limit = "CONFIG SET client-output-buffer-limit \"pubsub 256kb 256kb 1\"";
    let answer = scene.world.tell_redis(limit).await;
    scene.extra("Redis takes a limit of 256 kB", answer.starts_with("+OK"));
    let rooms = scene.traffic.rooms.clone();
    let mut is_cut = false;
    for room in rooms.iter().cycle().take(TRIES) {
        scene.fault("node 0 takes nothing more from Redis, and a room is flooded");
        scene.world.places[0].redis.rule(Rules {
            stall_down: true,
            ..Rules::default()
        });
        for _ in 0..FLOODS {
            // At the other node: what it tells the first one goes through Redis.
            keeper::flood(scene, room, 1, 80).await;
            is_cut = scene.world.redis.log().contains(CUT_OFF);
            if is_cut {
                break;
            }
        }
        if is_cut {
            break;
        }
        // The node has noticed before, and stands in the middle of a new connection.
        scene.fault("it takes again, and subscribes anew");
        scene.world.places[0].redis.behave();
        scene.rest(2, 3).await;
    }
    scene.extra("Redis cuts off who takes nothing", is_cut);
    scene.rest(1, 5).await;
    scene.world.places[0].redis.behave();
    scene.heal().await;
}
