//! Nothing skipped and nothing out of order, whatever commits when, and whoever stamps.

use std::{collections::HashMap, time::Duration};

use kith_api::chat::v1::{FeedEvent, feed_event::Event};
use kith_chat::Config;
use kith_ids::{RoomId, UserId};
use kith_testkit::eventually;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

use super::consumer::{Consumer, request};
use crate::world::{World, start};

/// Writes the next message of a room as the append does: the room's row is held until the commit.
async fn append(db: &mut PgConnection, room: &str, sender: UserId) -> i64 {
    sqlx::query_scalar(
        "WITH head AS (UPDATE chat.chat_rooms SET last_seq = last_seq + 1 WHERE id = $1::uuid RETURNING id, last_seq)
         INSERT INTO chat.chat_messages (room_id, seq, id, sender_id, client_id, body_hash, text, created_at)
         SELECT id, last_seq, gen_random_uuid(), $2, gen_random_uuid()::text, '', 'late', clock_timestamp()
         FROM head
         RETURNING seq",
    )
    .bind(room)
    .bind(sender)
    .fetch_one(db)
    .await
    .unwrap()
}

/// Opens a transaction that has its number from now on, before it has written anything.
async fn numbered(pool: &PgPool) -> (Transaction<'static, Postgres>, String) {
    let mut tx = pool.begin().await.unwrap();
    let number = transaction_number(&mut tx).await;
    (tx, number)
}

async fn transaction_number(db: &mut PgConnection) -> String {
    sqlx::query_scalar("SELECT lpad(pg_current_xact_id()::text, 20, '0')")
        .fetch_one(db)
        .await
        .unwrap()
}

/// The seqs of the rooms' events, by room, in the order of the feed.
fn seqs(events: &[FeedEvent]) -> HashMap<String, Vec<u64>> {
    let mut seqs = HashMap::<String, Vec<u64>>::new();
    for event in events {
        if let Some(Event::RoomEvent(event)) = &event.event {
            seqs.entry(event.room_id.clone())
                .or_default()
                .push(event.seq);
        }
    }
    seqs
}

fn assert_gapless(seqs: &HashMap<String, Vec<u64>>, room: &str, head: u64) {
    assert_eq!(seqs[room], (1..=head).collect::<Vec<_>>(), "{room}");
}

#[tokio::test]
async fn a_transaction_that_commits_late_is_not_skipped() {
    let world = World::new().await;
    let [ann, ben, cem] = world.users();
    let slow_room = world.direct(ann, ben).await.room_id;
    let busy_room = world.direct(ann, cem).await.room_id;
    let mut consumer = Consumer::start(world.upstream(), request("trainer")).await;
    let mut events = consumer.take(6).await;
    let (mut slow, slow_number) = numbered(&world.database.pool).await;
    let late = append(&mut slow, &slow_room, ann).await;

    world.send_many(cem, &busy_room, 3).await;
    events.extend(consumer.take(3).await);
    let passed = transaction_number(&mut world.database.pool.begin().await.unwrap()).await;
    slow.commit().await.unwrap();
    events.extend(consumer.take(1).await);

    // A reader that goes by ids or transaction numbers has passed it by now.
    assert!(slow_number < passed);
    let seqs = seqs(&events);
    assert_gapless(&seqs, &slow_room, u64::try_from(late).unwrap());
    assert_gapless(&seqs, &busy_room, 4);
}

#[tokio::test]
async fn a_number_drawn_before_the_wait_for_the_lock_does_not_turn_the_order_round() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.direct(ann, ben).await.room_id;
    // First to have a number, last to get the room.
    let (mut early, early_number) = numbered(&world.database.pool).await;
    let (mut first, first_number) = numbered(&world.database.pool).await;
    let second = append(&mut first, &room, ann).await;

    let waiting = async {
        let third = append(&mut early, &room, ben).await;
        early.commit().await.unwrap();
        third
    };
    let committing = async {
        eventually("the other one waits for the room", || async {
            sqlx::query_scalar::<_, bool>(
                "SELECT EXISTS (SELECT 1 FROM pg_stat_activity
                                WHERE datname = current_database() AND wait_event_type = 'Lock')",
            )
            .fetch_one(&world.database.pool)
            .await
            .unwrap()
            .then_some(())
        })
        .await;
        first.commit().await.unwrap();
    };
    let (third, ()) = tokio::join!(waiting, committing);
    let mut consumer = Consumer::start(world.upstream(), request("trainer")).await;
    let events = consumer.take(5).await;

    assert!(early_number < first_number, "the numbers run against seq");
    assert_eq!((second, third), (2, 3));
    assert_gapless(&seqs(&events), &room, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_that_stamp_at_once_make_one_order() {
    let world = World::new().await;
    let other = start(
        &world.database,
        &world.siblings,
        &world.tasks,
        Config::for_test(),
    )
    .await;
    let [ann, ben, cem] = world.users();
    let rooms = [
        world.direct(ann, ben).await.room_id,
        world.direct(ann, cem).await.room_id,
        world.group(ben, &[ann, cem]).await.room_id,
    ];
    let mut consumers = [
        Consumer::start(world.upstream(), request("here")).await,
        Consumer::start(&other, request("there")).await,
    ];

    let sending = async {
        for nth in 0..40 {
            for (room, sender) in rooms.iter().zip([ann, ann, ben]) {
                world.send(sender, room, "x").await;
            }
            if nth % 10 == 0 {
                let added = world.user(&format!("new{nth}"));
                world.add(ben, &rooms[2], &[added]).await.unwrap();
            }
        }
    };
    // 2 × (created + 40 + 2 added) + (created + 40 + 4 joined + 3 added + 4 added).
    let count = 2 * 43 + 52;
    let [here, there] = &mut consumers;
    let ((), first, second) = tokio::join!(sending, here.take(count), there.take(count));

    assert_eq!(first, second, "everybody sees the same order");
    let positions: Vec<u64> = first.iter().map(|one| one.feed_pos).collect();
    assert_eq!(positions, (1..=count as u64).collect::<Vec<_>>());
    let seqs = seqs(&first);
    assert_gapless(&seqs, &rooms[0], 41);
    assert_gapless(&seqs, &rooms[1], 41);
    assert_gapless(&seqs, &rooms[2], 45);
}

#[tokio::test]
async fn a_relay_that_dies_in_the_middle_leaves_nothing_behind() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.direct(ann, ben).await.room_id;
    world.send_many(ann, &room, 3).await;
    // A relay that has the lock, has taken the news, and goes no further.
    let mut dying = world.database.pool.begin().await.unwrap();
    sqlx::query("SELECT head_pos FROM chat.feed_state FOR UPDATE")
        .execute(&mut *dying)
        .await
        .unwrap();
    sqlx::query("DELETE FROM chat.feed_news")
        .execute(&mut *dying)
        .await
        .unwrap();
    let process: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
        .fetch_one(&mut *dying)
        .await
        .unwrap();
    let mut consumer = Consumer::start(world.upstream(), request("trainer")).await;
    let early = tokio::time::timeout(Duration::from_millis(300), consumer.take(1)).await;
    assert!(early.is_err(), "nobody else stamps meanwhile");

    sqlx::query("SELECT pg_terminate_backend($1)")
        .bind(process)
        .execute(&world.database.pool)
        .await
        .unwrap();

    assert_gapless(&seqs(&consumer.take(6).await), &room, 4);
    drop(dying);
}

#[tokio::test]
async fn rooms_from_before_the_feed_are_in_it() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.direct(ann, ben).await.room_id;
    world.send_many(ann, &room, 600).await;
    let long: RoomId = room.parse().unwrap();

    let mut consumer = Consumer::start(world.upstream(), request("trainer")).await;
    let events = consumer.take(603).await;

    assert_gapless(&seqs(&events), &long.to_string(), 601);
}
