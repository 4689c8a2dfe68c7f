//! A device says the same thing a hundred times at once, through both gates and both ways, while connections to Postgres
//! are cut; and again much later. It was said once.

use super::{Fault, as_usual, keeper};
use crate::{
    proxy::Rules,
    scene::{Mode, Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F21",
    title: "a hundred copies of a send",
    in_ci: true,
    alone: false,
    shape: Shape::Joined,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

const COPIES: usize = 100;

async fn act(scene: &mut Scene) {
    let mut said = Vec::new();
    for round in 0..3 {
        let cuts = if round == 0 { 0.0 } else { 0.2 };
        scene.fault(format!("{COPIES} copies at once; commits cut: {cuts}"));
        for place in &scene.world.places {
            place.postgres.rule(Rules {
                cut_commits: cuts,
                ..Rules::default()
            });
        }
        // One room after the other: in a quick run one of them a round is enough.
        let rooms = if scene.mode == Mode::Quick {
            1
        } else {
            usize::MAX
        };
        for room in scene.traffic.rooms.clone().into_iter().take(rooms) {
            let text = format!("round {round} of many copies");
            let post = keeper::draft(scene, &room, text);
            keeper::say(scene, &room, &post, COPIES).await;
            said.push((room, post));
        }
        scene.rest(1, 3).await;
    }
    for place in &scene.world.places {
        place.postgres.behave();
    }
    scene.rest(1, 5).await;
    scene.fault("each of them again, late");
    for (room, post) in &said {
        keeper::say(scene, room, post, 2).await;
    }
    scene.heal().await;
}
