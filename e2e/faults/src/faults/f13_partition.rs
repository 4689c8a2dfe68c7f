//! The network between two parts carries nothing for a while, in one direction or both, and closes nothing: between
//! gateway and services, services and Postgres, services and Redis. Pages of messages that are read meanwhile are right, or
//! refused.

use super::{Fault, as_usual, keeper};
use crate::{
    proxy::{Proxy, Rules},
    scene::{Scene, acting},
    world::{Place, Shape},
};

pub(super) const FAULT: Fault = Fault {
    id: "F13",
    title: "partitions, one way and both",
    in_ci: false,
    alone: false,
    shape: Shape::Apart,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

/// What lies between, and how to find it at the first services.
type Between = (&'static str, fn(&Place) -> &Proxy);

async fn act(scene: &mut Scene) {
    let between: [Between; 3] = [
        ("gateway and services", |place| &place.gate),
        ("services and Postgres", |place| &place.postgres),
        ("services and Redis", |place| &place.redis),
    ];
    let reading = keeper::read_on(scene);
    for (name, find) in between {
        for (stall_up, stall_down) in [(true, true), (true, false), (false, true)] {
            scene.fault(format!(
                "nothing passes between {name}: up {stall_up}, down {stall_down}"
            ));
            let rules = Rules {
                stall_up,
                stall_down,
                ..Rules::default()
            };
            find(&scene.world.places[0]).rule(rules);
            let long = if stall_up && stall_down { 20 } else { 7 };
            scene.rest(4, long).await;
            scene.fault("it passes again");
            find(&scene.world.places[0]).behave();
            scene.rest(1, 2).await;
        }
    }
    let pages = reading.end().await;
    scene.extra(format!("pages could be read ({pages})"), pages > 0);
    scene.heal().await;
}
