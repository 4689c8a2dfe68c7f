//! That a log is read without looking through other people's messages, whatever plan the database keeps.

use kith_clock::Clock;
use kith_testkit::TestDatabase;
use sqlx::{AssertSqlSafe, Connection as _, PgTransaction};

use super::*;

const ROOMS: i64 = 20;
const LENGTH: i64 = 1_000;

/// A log of messages, and of one entry that is none, in each of some rooms; the database knows how many there are.
async fn fill(tx: &mut PgTransaction<'_>) -> Vec<RoomId> {
    let rooms: Vec<RoomId> = (0..ROOMS)
        .map(|_| RoomId::new(Clock::system().new_id()))
        .collect();
    // The pool's statements end after 2 s, which this may take on a busy machine.
    sqlx::raw_sql("SET LOCAL statement_timeout = 0")
        .execute(&mut **tx)
        .await
        .unwrap();
    let fill = [
        "INSERT INTO chat.chat_rooms (id, kind, created_by, last_seq, participant_count, created_at, updated_at)
         SELECT id, 'group', id, $2, 1, now(), now() FROM unnest($1::uuid[]) AS room (id)",
        "INSERT INTO chat.room_events (room_id, seq, kind, body, created_at)
         SELECT id, 1, 'room.created', '', now() FROM unnest($1::uuid[]) AS room (id) WHERE $2 > 0",
        "INSERT INTO chat.chat_messages (room_id, seq, id, sender_id, client_id, body_hash, text, created_at)
         SELECT room.id, seq, gen_random_uuid(), room.id, seq::text, '', 'hello', now()
         FROM unnest($1::uuid[]) AS room (id), generate_series(2, $2) AS seq",
    ];
    for statement in fill {
        let query = sqlx::query(statement).bind(&rooms).bind(LENGTH);
        query.execute(&mut **tx).await.unwrap();
    }
    sqlx::raw_sql("INSERT INTO chat.log_state (epoch, timeline_id) VALUES (1, 1)")
        .execute(&mut **tx)
        .await
        .unwrap();
    sqlx::raw_sql("ANALYZE chat.chat_messages, chat.room_events, chat.chat_rooms")
        .execute(&mut **tx)
        .await
        .unwrap();
    rooms
}

/// Messages that this transaction has come by while it read a table from its beginning.
async fn passed(tx: &mut PgTransaction<'_>) -> i64 {
    sqlx::query_scalar(
        "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relid = 'chat.chat_messages'::regclass",
    )
    .fetch_one(&mut **tx)
    .await
    .unwrap()
}

async fn read_with(plans: &str) {
    let database = TestDatabase::new("chat", &crate::MIGRATOR).await;
    let mut db = database.pool.acquire().await.unwrap();
    let mut tx = db.begin().await.unwrap();
    let rooms = fill(&mut tx).await;
    sqlx::raw_sql(AssertSqlSafe(format!(
        "SET LOCAL plan_cache_mode = {plans}"
    )))
    .execute(&mut *tx)
    .await
    .unwrap();
    let windows: Vec<Window> = (1..)
        .zip(&rooms)
        .map(|(place, &room_id)| Window {
            room_id,
            from: place,
            to: place + 20,
        })
        .collect();
    let tail = Tail {
        room_id: rooms[0],
        stay_of: None,
        after: 0,
        limit: LENGTH,
    };
    let before = passed(&mut tx).await;

    let stretches = list_windows(&mut tx, &windows, 1, None).await.unwrap();
    let tail = list_tail(&mut tx, tail, None).await.unwrap().unwrap();

    assert_eq!(stretches.len(), windows.len() * 21);
    assert_eq!(tail.events.len(), 1_000);
    assert_eq!(passed(&mut tx).await, before, "{plans}");
}

#[tokio::test]
async fn a_read_does_not_look_through_the_messages_of_others() {
    read_with("force_custom_plan").await;
    read_with("force_generic_plan").await;
}

#[tokio::test]
async fn a_hole_in_a_log_is_never_skipped() {
    let database = TestDatabase::new("chat", &crate::MIGRATOR).await;
    let mut db = database.pool.acquire().await.unwrap();
    let mut tx = db.begin().await.unwrap();
    let rooms = fill(&mut tx).await;
    let room_id = rooms[0];
    sqlx::query("DELETE FROM chat.chat_messages WHERE room_id = $1 AND seq IN (500, 1000)")
        .bind(room_id)
        .execute(&mut *tx)
        .await
        .unwrap();

    for (after, limit, is_whole) in [
        (0, 499, true),
        (0, 500, false),
        (500, 499, true),
        (500, 500, false),
    ] {
        let (from, to) = (after + 1, after + limit);
        let tail = Tail {
            room_id,
            stay_of: None,
            after,
            limit,
        };
        let tail = list_tail(&mut tx, tail, None).await;
        let window = Window { room_id, from, to };
        let stretch = list_windows(&mut tx, &[window], 1, None).await;
        assert_eq!(
            (tail.is_ok(), stretch.is_ok()),
            (is_whole, is_whole),
            "{from} to {to}"
        );
    }
}
