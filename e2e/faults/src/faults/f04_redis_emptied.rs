//! Redis forgets everything and throws its clients out, again and again.

use std::time::Duration;

use kith_e2e::{Person, befriend};

use super::{Fault, as_usual};
use crate::{
    scene::{Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F4",
    title: "Redis emptied, its clients thrown out",
    in_ci: false,
    alone: false,
    shape: Shape::Joined,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

/// How long a lease of presence lives, and a little.
const LEASE: Duration = Duration::from_secs(17);

async fn act(scene: &mut Scene) {
    let commands = [
        "FLUSHALL",
        "CLIENT KILL TYPE pubsub",
        "SCRIPT FLUSH",
        "CLIENT KILL TYPE normal",
        "FLUSHALL",
    ];
    for command in commands {
        let answer = scene.world.tell_redis(command).await;
        scene.fault(format!("{command}: {}", answer.trim()));
        scene.extra(format!("Redis takes {command}"), !answer.starts_with('-'));
        scene.rest(1, 4).await;
    }
    presence_heals(scene).await;
    scene.heal().await;
}

/// Somebody at the one node is still seen at the other when the leases that Redis forgot would have ended.
async fn presence_heals(scene: &Scene) {
    let [first, second] = [0, 1].map(|at| scene.world.node(scene.world.gateways()[at]));
    let seen = Person::sign_up(first, "seen").await;
    let looks = Person::sign_up(second, "looks").await;
    befriend(&seen, &looks).await;
    let here = seen.device().await;
    let there = looks.device().await;
    for command in ["FLUSHALL", "CLIENT KILL TYPE pubsub"] {
        scene.world.tell_redis(command).await;
    }
    scene.fault("everything is forgotten while somebody is here");
    tokio::time::sleep(LEASE).await;
    let presences = there.link.watch(&[seen.id()]).await.unwrap_or_default();
    let status = presences.first().map(|it| it.status.clone());
    scene.extra(
        format!("who is here is seen at the other node when a lease has passed ({status:?})"),
        status.as_deref() == Some("online"),
    );
    here.disconnect().await;
    there.disconnect().await;
}
