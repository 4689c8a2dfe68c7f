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

async fn act(scene: &mut Scene) {
    let limit = "CONFIG SET client-output-buffer-limit \"pubsub 1mb 1mb 1\"";
    let answer = scene.world.tell_redis(limit).await;
    scene.extra("Redis takes a limit of 1 MB", answer.starts_with("+OK"));
    scene.fault("node 0 takes nothing more from Redis, and a room is flooded");
    scene.world.places[0].redis.rule(Rules {
        stall_down: true,
        ..Rules::default()
    });
    let room = scene.traffic.rooms[0].clone();
    let mut overflowed = false;
    for _ in 0..12 {
        keeper::flood(scene, &room, 80).await;
        let figures = scene.world.tell_redis("INFO stats").await;
        let figures = figures
            .lines()
            .find_map(|line| line.strip_prefix("client_output_buffer_limit_disconnections:"));
        overflowed = figures.is_some_and(|count| count.trim() != "0");
        if overflowed {
            break;
        }
    }
    scene.fault(format!("the buffer overflowed: {overflowed}"));
    scene.rest(1, 5).await;
    scene.world.places[0].redis.behave();
    scene.heal().await;
}
