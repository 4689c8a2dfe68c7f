//! Connections to Postgres are thrown out and cut, and its rooms are locked by somebody who does nothing.

use std::time::Duration;

use sqlx::Executor as _;

use super::{Fault, as_usual};
use crate::{
    scene::{Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F9",
    title: "connections to Postgres dropped, rows held",
    in_ci: false,
    shape: Shape::Joined,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

/// Transactions that are begun and left alone.
const IDLE: usize = 30;

async fn act(scene: &mut Scene) {
    let mut db = scene.world.database().await;
    for _ in 0..3 {
        scene.fault("all backends of the nodes are terminated");
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
        db.execute(end).await.unwrap();
        scene.rest(1, 4).await;
    }
    scene.fault("all connections to Postgres are cut");
    for place in &scene.world.places {
        place.postgres.cut();
    }
    scene.rest(1, 4).await;
    scene.fault(format!("{IDLE} transactions hold rooms and do nothing"));
    let mut idle = Vec::new();
    for number in 0..IDLE {
        let mut one = scene.world.database().await;
        one.execute("BEGIN").await.unwrap();
        if number < 2 {
            one.execute("SELECT id FROM chat.chat_rooms ORDER BY id LIMIT 1 FOR KEY SHARE")
                .await
                .unwrap();
        }
        if number == 2 {
            one.execute("SELECT id FROM chat.chat_rooms ORDER BY id OFFSET 1 FOR NO KEY UPDATE")
                .await
                .unwrap();
        }
        idle.push(one);
    }
    scene.rest(4, 10).await;
    scene.fault("they are gone");
    drop(idle);
    let before = scene.acknowledged();
    let goes_on = scene.acknowledges(before, 5, Duration::from_secs(10)).await;
    scene.extra("sends are acknowledged within 10 s", goes_on);
    scene.heal().await;
}
