//! Connections to Postgres are thrown out and cut; then its rooms are locked by somebody who does nothing. What cannot be done is
//! said to be `unavailable`, and all is well soon after.

use std::time::Duration;

use kith_sdk::model::RoomId;
use sqlx::{Executor as _, PgConnection};

use super::{Fault, as_usual};
use crate::{
    history::What,
    scene::{Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F9",
    title: "connections to Postgres dropped, rows held",
    in_ci: false,
    alone: false,
    shape: Shape::Joined,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

/// Transactions that are begun and left alone.
const IDLE: usize = 30;
/// Sends go on so soon after.
const HEALED: Duration = Duration::from_secs(5);

async fn act(scene: &mut Scene) {
    let mut db = scene.world.database().await;
    for _ in 0..3 {
        scene.fault("all backends of the nodes are terminated");
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'kith-%'";
        db.execute(end).await.unwrap();
        goes_on(scene, "after connections were terminated").await;
        scene.rest(1, 3).await;
    }
    scene.fault("all connections to Postgres are cut");
    for place in &scene.world.places {
        place.postgres.cut();
    }
    goes_on(scene, "after connections were cut").await;
    scene.rest(1, 3).await;

    scene.fault(format!(
        "{IDLE} transactions stand still, and hold every room"
    ));
    let mut idle = Vec::new();
    for _ in 0..IDLE {
        let mut one = scene.world.database().await;
        one.execute("BEGIN").await.unwrap();
        idle.push(one);
    }
    let rooms: Vec<RoomId> = scene.traffic.rooms.iter().map(|room| room.id).collect();
    for (number, room) in rooms.iter().enumerate() {
        hold(&mut idle[number % IDLE], *room).await;
    }
    // What was committed just before is still being answered.
    scene.rest(1, 1).await;
    let before = stored(scene);
    scene.rest(4, 10).await;
    let through = stored(scene) - before;
    scene.extra(
        format!("nothing new is acknowledged while every room is held ({through})"),
        through == 0,
    );
    scene.fault("they are gone");
    drop(idle);
    goes_on(scene, "after rooms were held").await;
    scene.heal().await;
}

/// Messages that were acknowledged as new: of older ones the answer needs no room.
fn stored(scene: &Scene) -> usize {
    let is_new = |what: &What| {
        matches!(
            what,
            What::Ok {
                duplicate: false,
                ..
            }
        )
    };
    scene.history.count(is_new)
}

/// Takes what an append takes, and keeps it.
async fn hold(transaction: &mut PgConnection, room: RoomId) {
    let lock = "SELECT 1 FROM chat.chat_rooms WHERE id = $1 FOR NO KEY UPDATE";
    sqlx::query(lock)
        .bind(room)
        .execute(transaction)
        .await
        .unwrap();
}

async fn goes_on(scene: &Scene, when: &str) {
    let before = scene.acknowledged();
    let goes_on = scene.acknowledges(before, 5, HEALED).await;
    scene.extra(format!("sends are acknowledged within 5 s {when}"), goes_on);
}
