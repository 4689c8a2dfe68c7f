//! No fault at all, but memberships that change all the time, as they do in every other run. What goes wrong here needs no
//! fault.

use super::{Fault, as_usual};
use crate::{
    scene::{Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F29",
    title: "nothing but changes of membership",
    in_ci: false,
    alone: false,
    shape: Shape::Joined,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

async fn act(scene: &mut Scene) {
    scene.fault("people are removed, leave and come back");
    scene.rest(8, 40).await;
    scene.heal().await;
}
