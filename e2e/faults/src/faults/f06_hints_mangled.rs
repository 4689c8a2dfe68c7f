//! Of the hints that come over Redis a tenth is lost, a tenth comes twice, and a tenth comes behind the next one.

use super::{Fault, as_usual};
use crate::{
    proxy::Rules,
    scene::{Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F6",
    title: "hints lost, repeated and swapped",
    in_ci: false,
    alone: false,
    shape: Shape::Joined,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

async fn act(scene: &mut Scene) {
    scene.only_hints_are_lost();
    scene.fault("a tenth of the hints each is dropped, repeated, swapped");
    for place in &scene.world.places {
        place.redis.rule(Rules {
            mangle: 0.1,
            ..Rules::default()
        });
    }
    scene.rest(8, 40).await;
    for place in &scene.world.places {
        place.redis.behave();
    }
    scene.heal().await;
}
