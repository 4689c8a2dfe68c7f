//! How far people got: positions that only rise, are answered at once and written once a second, and unread counts.

use std::time::Instant;

use futures::future::join_all;
use kith_api::chat::v1::{
    MarkMessageAsReadRequest, MarkRoomAsRead, ReadPosition, command::Command, reply,
    user_event_body::Body as UserBody,
};
use kith_error::Reason;
use kith_ids::UserId;
use kith_testkit::eventually;

use crate::{
    gateway::Gateway,
    races::hold_position,
    world::{World, refusal},
};

/// Rows of somebody's advances in the table.
async fn written(world: &World, user: UserId) -> Vec<i64> {
    sqlx::query_scalar(
        "SELECT up_to_seq FROM chat.message_read_receipts WHERE user_id = $1 ORDER BY up_to_seq",
    )
    .bind(uuid::Uuid::from(user))
    .fetch_all(&world.database.pool)
    .await
    .unwrap()
}

/// Whether advances rise and are at most one a second, and the one that a second began with.
fn is_coalesced(rows: &[i64], start: Instant) -> bool {
    let seconds = usize::try_from(start.elapsed().as_secs()).unwrap();
    rows.is_sorted() && rows.len() <= seconds + 2
}

/// What is unread, counted anew from the tables.
async fn recount(world: &World, room: &str, user: UserId, above: u64) -> u32 {
    let count: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM chat.chat_messages WHERE room_id = $1::text::uuid AND seq > $2 AND sender_id <> $3 AND deleted_at IS NULL",
    )
    .bind(room)
    .bind(i64::try_from(above).unwrap())
    .bind(uuid::Uuid::from(user))
    .fetch_one(&world.database.pool)
    .await
    .unwrap();
    u32::try_from(count).unwrap()
}

#[tokio::test]
async fn reading_moves_the_position_and_never_back() {
    let world = World::new().await;
    let [a, b] = world.users();
    let room = world.direct(a, b).await.room_id;
    let sent = world.send_many(a, &room, 3).await;

    let second = world.read(b, &sent[1]).await.unwrap();
    let first = world.read(b, &sent[0]).await.unwrap();
    let third = world.read(b, &sent[2]).await.unwrap();

    assert_eq!((second.last_read_seq, second.unread_count), (3, 1));
    assert_eq!((first.last_read_seq, first.unread_count), (3, 1));
    assert_eq!((third.last_read_seq, third.unread_count), (4, 0));
    assert_eq!(third.room_id, room);
}

#[tokio::test]
async fn what_was_answered_is_seen_at_once_and_written_within_a_second() {
    let world = World::new().await;
    let [a, b] = world.users();
    let room = world.direct(a, b).await.room_id;
    let sent = world.send_many(a, &room, 4).await;

    let start = Instant::now();
    for message in &sent {
        world.read(b, message).await.unwrap();
    }
    let seen = world.room(b, &room).await.unwrap();
    let rows = eventually("the newest is written", || async {
        let rows = written(&world, b).await;
        (rows.last() == Some(&5)).then_some(rows)
    })
    .await;

    assert_eq!((seen.last_read_seq, seen.unread_count), (5, 0));
    assert!(is_coalesced(&rows, start), "{rows:?}");
}

#[tokio::test]
async fn positions_rise_under_parallel_calls() {
    let world = World::new().await;
    let [a, b] = world.users();
    let room = world.direct(a, b).await.room_id;
    let sent = world.send_many(a, &room, 12).await;

    let start = Instant::now();
    let answers = join_all(sent.iter().rev().map(|message| world.read(b, message))).await;

    for (answer, message) in answers.into_iter().zip(sent.iter().rev()) {
        assert!(answer.unwrap().last_read_seq >= message.seq);
    }
    eventually("the highest is written", || async {
        let stored: i64 =
            sqlx::query_scalar("SELECT read_seq FROM chat.positions WHERE user_id = $1")
                .bind(uuid::Uuid::from(b))
                .fetch_one(&world.database.pool)
                .await
                .unwrap();
        (stored == 13).then_some(())
    })
    .await;
    let rows = written(&world, b).await;
    assert!(is_coalesced(&rows, start), "{rows:?}");
}

#[tokio::test]
async fn unread_equals_a_recount_whatever_happened_before() {
    let world = World::new().await;
    let [a, b, c] = world.users();
    let room = world.group(a, &[b]).await.room_id;
    let mut sent = world.send_many(a, &room, 6).await;
    world.add(a, &room, &[c]).await.unwrap();
    for nth in 0..9 {
        let from = [a, b, c][nth % 3];
        sent.push(world.send(from, &room, "more").await);
    }
    sqlx::query(
        "UPDATE chat.chat_messages SET text = NULL, deleted_at = now() WHERE seq IN (3, 11)",
    )
    .execute(&world.database.pool)
    .await
    .unwrap();

    for (user, joined_seq) in [(a, 1), (b, 1), (c, 8)] {
        for message in [&sent[2], &sent[8], &sent[14]] {
            if message.seq < joined_seq {
                assert_eq!(refusal(world.read(user, message).await), Reason::NotFound);
                continue;
            }
            let answer = world.read(user, message).await.unwrap();
            let expected = recount(&world, &room, user, answer.last_read_seq.max(joined_seq)).await;
            assert_eq!(answer.unread_count, expected);
            assert_eq!(
                world.room(user, &room).await.unwrap().unread_count,
                expected
            );
        }
    }
}

#[tokio::test]
async fn unread_is_exact_to_a_thousand_and_then_a_thousand() {
    let world = World::new().await;
    let [a, b] = world.users();
    let room = world.direct(a, b).await.room_id;
    let fill = |from: i64, to: i64| {
        sqlx::query(
            "WITH filled AS (
                 INSERT INTO chat.chat_messages (room_id, seq, id, sender_id, client_id, body_hash, text, created_at)
                 SELECT $1::text::uuid, n, gen_random_uuid(), $2, 'fill ' || n, '', 'x', now() FROM generate_series($3, $4) AS n)
             UPDATE chat.chat_rooms SET last_seq = $4",
        )
        .bind(room.clone())
        .bind(uuid::Uuid::from(a))
        .bind(from)
        .bind(to)
    };

    fill(2, 1000).execute(&world.database.pool).await.unwrap();
    let below = world.room(b, &room).await.unwrap().unread_count;
    fill(1001, 1500)
        .execute(&world.database.pool)
        .await
        .unwrap();
    let above = world.room(b, &room).await.unwrap().unread_count;

    assert_eq!((below, above), (999, 1000));
    assert_eq!(world.room(a, &room).await.unwrap().unread_count, 0);
}

#[tokio::test]
async fn a_message_one_cannot_see_cannot_be_read() {
    let world = World::new().await;
    let [a, b, stranger] = world.users();
    let room = world.direct(a, b).await.room_id;
    let message = world.send(a, &room, "ours").await;
    let bad = MarkMessageAsReadRequest {
        message_id: "1".to_owned(),
    };

    let foreign = world.read(stranger, &message).await;
    let no_id = world.chat(a).mark_message_as_read(bad).await;

    assert_eq!(refusal(foreign), Reason::NotFound);
    assert_eq!(refusal(no_id), Reason::InvalidField);
}

#[tokio::test]
async fn the_other_devices_hear_only_of_the_newest_position() {
    let world = World::new().await;
    let [a, b] = world.users();
    let room = world.direct(a, b).await.room_id;
    let sent = world.send_many(a, &room, 2).await;

    world.read(b, &sent[0]).await.unwrap();
    world.read(b, &sent[1]).await.unwrap();
    let log = eventually("the second position is logged", || async {
        let log = world.user_log(b).await;
        (log.last().unwrap().useq == 3).then_some(log)
    })
    .await;

    let moved: Vec<_> = log
        .iter()
        .filter_map(|event| match event.body.clone()?.body? {
            UserBody::ReadMoved(moved) => Some((moved.last_read_seq, moved.unread_count)),
            _ => None,
        })
        .collect();
    assert_eq!(moved, [(3, 0)]);
    assert_eq!(
        log.iter()
            .map(|event| (event.useq, event.body.is_some()))
            .collect::<Vec<_>>(),
        [(1, true), (2, false), (3, true)],
        "the place of the first one is told, so that live devices see no gap"
    );
}

#[tokio::test]
async fn a_position_that_is_held_keeps_none_back_that_waits_with_it() {
    let world = World::new().await;
    let [sender, held, other, third] = world.users();
    let room = world.group(sender, &[held, other, third]).await;
    let sent = world.send_many(sender, &room.room_id, 2).await;

    // The first one is written at once, the second waits until a second is over.
    for reader in [held, other, third] {
        world.read(reader, &sent[0]).await.unwrap();
    }
    let first = written(&world, held).await;
    let gate = hold_position(&world, &room, held).await;
    for reader in [other, third, held] {
        // On a slow machine the second is over, and what is held refused; it is written later all the same.
        let _ = world.read(reader, &sent[1]).await;
    }

    for reader in [other, third] {
        eventually("the others' are written", || async {
            (written(&world, reader).await.len() == 2).then_some(())
        })
        .await;
    }
    assert_eq!(written(&world, held).await, first);
    gate.rollback().await.unwrap();
    eventually("the held one is written", || async {
        (written(&world, held).await.len() == 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn above_the_head_nothing_is_read_and_below_the_position_nothing_changes() {
    let world = World::new().await;
    let [a, b, stranger] = world.users();
    let room = world.direct(a, b).await.room_id;
    world.send_many(a, &room, 3).await;
    let mut gateway = Gateway::connect(world.upstream()).await;
    gateway.attach(1, b).await;
    gateway.attach(2, stranger).await;
    let mut answers = Vec::new();

    for (handle, seq) in [(1, 3), (1, 5), (1, 1), (2, 1)] {
        let read = Command::MarkRoomAsRead(MarkRoomAsRead {
            room_id: room.clone(),
            seq,
        });
        gateway.run(vec![(seq, handle, read)]).await;
        answers.push(gateway.reply().await.1);
    }

    let stands = reply::Result::Read(ReadPosition {
        last_read_seq: 3,
        unread_count: 1,
    });
    assert_eq!((&answers[0], &answers[2]), (&stands, &stands));
    let reasons = [&answers[1], &answers[3]].map(|answer| match answer {
        reply::Result::Failure(failure) => failure.reason(),
        other => panic!("{other:?}"),
    });
    assert_eq!(reasons, [Reason::InvalidField, Reason::NotFound]);
}

#[tokio::test]
async fn what_waits_is_written_when_the_process_ends() {
    let world = World::new().await;
    let [a, b] = world.users();
    let room = world.direct(a, b).await.room_id;
    let sent = world.send_many(a, &room, 3).await;
    let start = Instant::now();
    for message in &sent {
        world.read(b, message).await.unwrap();
    }

    world.tasks.shutdown().signal();

    let rows = eventually("the newest is written", || async {
        let rows = written(&world, b).await;
        (rows.last() == Some(&4)).then_some(rows)
    })
    .await;
    assert!(is_coalesced(&rows, start), "{rows:?}");
}
