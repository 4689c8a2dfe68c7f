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

/// How often that is tried.
const TRIES: usize = 5;
/// Stretches of a flood: more than the kernel and Redis keep for one who takes nothing.
const FLOODS: usize = 5;
/// What Redis says then.
const CUT_OFF: &str = "overcoming of output buffer limits";

async fn act(scene: &mut Scene) {
    let limit = "CONFIG SET client-output-buffer-limit \"pubsub 1mb 1mb 1\"";
    let answer = scene.world.tell_redis(limit).await;
    scene.extra("Redis takes a limit of 1 MB", answer.starts_with("+OK"));
    let room = scene.traffic.rooms[0].clone();
    let mut is_cut = false;
    for _ in 0..TRIES {
        scene.fault("node 0 takes nothing more from Redis, and a room is flooded");
        scene.world.places[0].redis.rule(Rules {
            stall_down: true,
            ..Rules::default()
        });
        for _ in 0..FLOODS {
            // At the other node: what it tells the first one goes through Redis.
            keeper::flood(scene, &room, 1, 80).await;
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
