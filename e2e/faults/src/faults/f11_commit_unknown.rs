//! Connections to Postgres are cut around commits: before the statement arrives, after it, and after the commit and before
//! its answer. What a node does not know it must not claim.

use super::{Fault, as_usual};
use crate::{
    proxy::Rules,
    scene::{Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F11",
    title: "the outcome of a commit is unknown",
    in_ci: true,
    alone: false,
    shape: Shape::Acquainted,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

async fn act(scene: &mut Scene) {
    scene.fault("one commit in six loses its connection");
    for place in &scene.world.places {
        place.postgres.rule(Rules {
            cut_commits: 1.0 / 6.0,
            ..Rules::default()
        });
    }
    scene.rest(6, 25).await;
    for place in &scene.world.places {
        place.postgres.behave();
    }
    scene.heal().await;
}
