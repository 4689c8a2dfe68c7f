//! The append protocol under concurrency. Each rule of it has a test here that fails without the rule.

use std::{collections::HashSet, time::Duration};

use futures::future::join_all;
use kith_api::chat::v1::{self as wire, SendMessageRequest};
use kith_chat::Config;
use kith_error::Reason;
use kith_ids::{RoomId, UserId};
use kith_testkit::eventually;
use sqlx::{PgPool, Postgres, Transaction};

use crate::{
    proxy::Proxy,
    world::{World, inner, refusal, room_id, start},
};

/// Takes a room's row, as a kick or a block does.
pub(crate) async fn hold(world: &World, room: &wire::Room) -> Transaction<'static, Postgres> {
    let mut tx = world.database.pool.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM chat.chat_rooms WHERE id = $1 FOR NO KEY UPDATE")
        .bind(room_id(room))
        .execute(&mut *tx)
        .await
        .unwrap();
    tx
}

/// Keeps somebody's position in a room from being written, until it is rolled back.
pub(crate) async fn hold_position(
    world: &World,
    room: &wire::Room,
    user: UserId,
) -> Transaction<'static, Postgres> {
    let mut tx = world.database.pool.begin().await.unwrap();
    let held = sqlx::query(
        "SELECT 1 FROM chat.positions WHERE room_id = $1 AND user_id = $2 FOR NO KEY UPDATE",
    )
    .bind(room_id(room))
    .bind(uuid::Uuid::from(user))
    .execute(&mut *tx)
    .await
    .unwrap();
    assert_eq!(held.rows_affected(), 1);
    tx
}

/// Waits until somebody waits for a row.
pub(crate) async fn somebody_waits(pool: &PgPool) {
    eventually("somebody waits for the row", || async {
        let waiting: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        .fetch_one(pool)
        .await
        .unwrap();
        (waiting > 0).then_some(())
    })
    .await;
}

async fn count_messages(pool: &PgPool, room: RoomId) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM chat.chat_messages WHERE room_id = $1")
        .bind(room)
        .fetch_one(pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn fifty_parallel_senders_make_one_gapless_log() {
    let world = World::new().await;
    let users: [UserId; 50] = world.users();
    let room = world.group(users[0], &users[1..]).await;

    let sends = users.iter().flat_map(|user| [*user; 4]);
    let sent = join_all(sends.map(|user| world.send(user, &room.room_id, "hi"))).await;

    let seqs: HashSet<u64> = sent.iter().map(|message| message.seq).collect();
    assert_eq!(seqs, (2..=201).collect());
    let log = world.room_log(&room.room_id).await;
    assert!(log.iter().map(|event| event.seq).eq(1..=201));
    let times: Vec<_> = log
        .iter()
        .map(|event| event.time.map(|time| (time.seconds, time.nanos)))
        .collect();
    assert!(times.is_sorted(), "time never runs against seq");
}

#[tokio::test]
async fn a_hundred_parallel_retries_on_two_nodes_make_one_message() {
    let world = World::new().await;
    let [ann] = world.users();
    let room = world.group(ann, &[]).await;
    let other_node = start(
        &world.database,
        &world.siblings,
        &world.tasks,
        Config::for_test(),
    )
    .await;
    let caller = kith_auth::Caller::User {
        user_id: ann,
        session_id: world.clock.new_id().into(),
    };

    let sends = (0..100).map(|number| {
        let node = if number % 2 == 0 {
            world.upstream()
        } else {
            &other_node
        };
        let mut chat = node.chat(&caller);
        let request = SendMessageRequest {
            room_id: room.room_id.clone(),
            client_id: "the same".to_owned(),
            text: "hi".to_owned(),
            ..SendMessageRequest::default()
        };
        async move { inner(chat.send_message(request).await) }
    });
    let answers = join_all(sends).await;

    assert!(
        answers
            .iter()
            .all(|answer| answer.message == answers[0].message)
    );
    assert_eq!(answers.iter().filter(|answer| !answer.duplicate).count(), 1);
    assert_eq!(
        count_messages(&world.database.pool, room_id(&room)).await,
        1
    );
}

/// Fails when the append judges membership in one statement with the lock: that statement's snapshot is from before its
/// wait, and shows the stay as lasting. (Tried: `SELECT … FOR NO KEY UPDATE OF r` over rooms joined with their stays still
/// gives the member after the kick that it waited for has committed; a statement after it does not.)
#[tokio::test]
async fn nothing_is_accepted_behind_a_kick_that_held_the_room() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.group(ann, &[ben]).await;
    let mut kick = hold(&world, &room).await;

    let (sent, ()) = tokio::join!(world.try_send(ben, &room.room_id, "too late"), async {
        somebody_waits(&world.database.pool).await;
        sqlx::query(
            "UPDATE chat.chat_participants SET left_seq = 2 WHERE room_id = $1 AND user_id = $2",
        )
        .bind(room_id(&room))
        .bind(ben)
        .execute(&mut *kick)
        .await
        .unwrap();
        kick.commit().await.unwrap();
    });

    assert_eq!(refusal(sent), Reason::NotFound);
    assert_eq!(
        count_messages(&world.database.pool, room_id(&room)).await,
        0
    );
}

#[tokio::test]
async fn nothing_is_accepted_behind_a_block_that_held_the_room() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.direct(ann, ben).await;
    let mut block = hold(&world, &room).await;

    let (sent, ()) = tokio::join!(world.try_send(ben, &room.room_id, "too late"), async {
        somebody_waits(&world.database.pool).await;
        sqlx::query(
            "UPDATE chat.direct_pairs SET lo_may_message_hi = false, hi_may_message_lo = false",
        )
        .execute(&mut *block)
        .await
        .unwrap();
        block.commit().await.unwrap();
    });

    assert_eq!(refusal(sent), Reason::NotAllowedByPrivacy);
    assert_eq!(
        count_messages(&world.database.pool, room_id(&room)).await,
        0
    );
}

#[tokio::test]
async fn a_stranger_does_not_wait_for_the_room() {
    let world = World::new().await;
    let [ann, eve] = world.users();
    let room = world.group(ann, &[]).await;
    let held = hold(&world, &room).await;

    let refused = world.try_send(eve, &room.room_id, "let me in").await;

    assert_eq!(refusal(refused), Reason::NotFound);
    held.rollback().await.unwrap();
}

#[tokio::test]
async fn one_bad_message_spoils_nobody_elses() {
    let world = World::new().await;
    let [ann] = world.users();
    let room = world.group(ann, &[]).await;
    sqlx::raw_sql(
        "CREATE FUNCTION chat.refuse_poison() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN IF NEW.text = 'poison' THEN RAISE 'poisoned'; END IF; RETURN NEW; END $$;
         CREATE TRIGGER refuse_poison BEFORE INSERT ON chat.chat_messages
         FOR EACH ROW EXECUTE FUNCTION chat.refuse_poison();",
    )
    .execute(&world.database.pool)
    .await
    .unwrap();
    let held = hold(&world, &room).await;
    let release = async {
        // The first one waits for the room; the others queue behind it and become one batch.
        somebody_waits(&world.database.pool).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        held.rollback().await.unwrap();
    };

    let texts = ["one", "two", "poison", "three"];
    let sends = join_all(texts.map(|text| world.try_send(ann, &room.room_id, text)));
    let (sent, ()) = tokio::join!(sends, release);

    let accepted: Vec<bool> = sent.iter().map(Result::is_ok).collect();
    assert_eq!(accepted, [true, true, false, true]);
    let log = world.room_log(&room.room_id).await;
    assert!(log.iter().map(|event| event.seq).eq(1..=4));
}

#[tokio::test]
async fn a_send_that_queued_for_too_long_is_unavailable() {
    let config = Config {
        queue_patience: Duration::from_millis(100),
        lanes: Some(1),
        ..Config::for_test()
    };
    let world = World::with(config).await;
    let [ann] = world.users();
    let room = world.group(ann, &[]).await;
    let held = hold(&world, &room).await;

    let first = world.try_send(ann, &room.room_id, "first");
    let second = async {
        somebody_waits(&world.database.pool).await;
        let second = world.try_send(ann, &room.room_id, "second");
        let release = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            held.rollback().await.unwrap();
        };
        tokio::join!(second, release).0
    };
    let (first, second) = tokio::join!(first, second);

    assert_eq!(first.unwrap().seq, 2);
    assert_eq!(refusal(second), Reason::Unavailable);
}

#[tokio::test]
async fn a_commit_that_was_not_heard_of_is_found_and_answered_as_the_first() {
    let mut world = World::new().await;
    let [ann] = world.users();
    let room = world.group(ann, &[]).await;
    let proxy = Proxy::start(&world.database.url, &world.tasks).await;
    world.database.pool = kith_postgres::connect(&proxy.url, "chat", 8).unwrap();
    let node = start(
        &world.database,
        &world.siblings,
        &world.tasks,
        Config::for_test(),
    )
    .await;
    let mut chat = node.chat(&kith_auth::Caller::User {
        user_id: ann,
        session_id: world.clock.new_id().into(),
    });
    let mut send = async |client_id: &str| {
        let request = SendMessageRequest {
            room_id: room.room_id.clone(),
            client_id: client_id.to_owned(),
            text: "hi".to_owned(),
            ..SendMessageRequest::default()
        };
        chat.send_message(request).await
    };
    // From here on an append is one question and one answer.
    send("warm up").await.unwrap();

    proxy.swallow_next_answer();
    let answer = inner(send("unheard").await);

    assert!(proxy.has_swallowed());
    assert!(!answer.duplicate, "nobody has heard of it before");
    assert_eq!(answer.message.unwrap().seq, 3);
    assert_eq!(
        count_messages(&world.database.pool, room_id(&room)).await,
        2
    );
}

#[tokio::test]
async fn a_database_that_is_away_makes_sends_unavailable_and_then_they_work_again() {
    let mut world = World::new().await;
    let [ann] = world.users();
    let room = world.group(ann, &[]).await;
    let proxy = Proxy::start(&world.database.url, &world.tasks).await;
    world.database.pool = kith_postgres::connect(&proxy.url, "chat", 8).unwrap();
    let node = start(
        &world.database,
        &world.siblings,
        &world.tasks,
        Config::for_test(),
    )
    .await;
    let mut chat = node.chat(&kith_auth::Caller::User {
        user_id: ann,
        session_id: world.clock.new_id().into(),
    });
    let request = SendMessageRequest {
        room_id: room.room_id.clone(),
        client_id: "again and again".to_owned(),
        text: "hi".to_owned(),
        ..SendMessageRequest::default()
    };

    proxy.cut();
    let away = chat.send_message(request.clone()).await;
    proxy.mend();
    let back = inner(chat.send_message(request).await);

    assert_eq!(refusal(away), Reason::Unavailable);
    assert_eq!(back.message.unwrap().seq, 2);
}
