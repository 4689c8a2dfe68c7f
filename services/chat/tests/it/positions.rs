//! How far people got: positions that only rise, unread counts that are right, receipts for those who may see them.

use futures::future::join_all;
use kith_api::chat::v1::{
    ApplyReadReceiptsRequest, Attach, Command, GetMessageReceiptsRequest, MarkMessageAsReadRequest,
    MarkMessageAsReadResponse, MarkRoomAsDelivered, MarkRoomAsRead, Message, MessageReceipt,
    ReadPosition, Receipt, SendRequest, SubscribeRequest, SubscribeResponse, command,
    delivery::Delivery, reply, user_event_body::Body as UserBody,
};
use kith_auth::Caller;
use kith_error::Reason;
use kith_ids::UserId;
use kith_testkit::eventually;
use tonic::Status;

use crate::world::{World, inner, refusal};

async fn read(
    world: &World,
    user: UserId,
    message: &Message,
) -> Result<MarkMessageAsReadResponse, Status> {
    let request = MarkMessageAsReadRequest {
        message_id: message.message_id.clone(),
    };
    Ok(world
        .chat(user)
        .mark_message_as_read(request)
        .await?
        .into_inner())
}

async fn receipts(world: &World, user: UserId, message: &Message) -> Vec<MessageReceipt> {
    let request = GetMessageReceiptsRequest {
        message_id: message.message_id.clone(),
    };
    inner(world.chat(user).get_message_receipts(request).await).receipts
}

async fn send_many(world: &World, from: UserId, room: &str, count: usize) -> Vec<Message> {
    let mut sent = Vec::new();
    for nth in 0..count {
        sent.push(world.send(from, room, &format!("message {nth}")).await);
    }
    sent
}

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
    let sent = send_many(&world, a, &room, 3).await;

    let second = read(&world, b, &sent[1]).await.unwrap();
    let first = read(&world, b, &sent[0]).await.unwrap();
    let third = read(&world, b, &sent[2]).await.unwrap();

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
    let sent = send_many(&world, a, &room, 4).await;

    for message in &sent {
        read(&world, b, message).await.unwrap();
    }
    let seen = world.room(b, &room).await.unwrap();
    let early = written(&world, b).await;
    let rows = eventually("the newest is written", || async {
        let rows = written(&world, b).await;
        (rows.last() == Some(&5)).then_some(rows)
    })
    .await;

    assert_eq!((seen.last_read_seq, seen.unread_count), (5, 0));
    assert_eq!(early, [2]);
    assert_eq!(rows, [2, 5]);
}

#[tokio::test]
async fn positions_rise_under_parallel_calls() {
    let world = World::new().await;
    let [a, b] = world.users();
    let room = world.direct(a, b).await.room_id;
    let sent = send_many(&world, a, &room, 12).await;

    let answers = join_all(sent.iter().rev().map(|message| read(&world, b, message))).await;

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
    assert!(rows.len() <= 2 && rows.is_sorted(), "{rows:?}");
}

#[tokio::test]
async fn unread_equals_a_recount_whatever_happened_before() {
    let world = World::new().await;
    let [a, b, c] = world.users();
    let room = world.group(a, &[b]).await.room_id;
    let mut sent = send_many(&world, a, &room, 6).await;
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
                assert_eq!(refusal(read(&world, user, message).await), Reason::NotFound);
                continue;
            }
            let answer = read(&world, user, message).await.unwrap();
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
    let receipts = GetMessageReceiptsRequest {
        message_id: message.message_id.clone(),
    };

    assert_eq!(
        refusal(read(&world, stranger, &message).await),
        Reason::NotFound
    );
    assert_eq!(
        refusal(world.chat(stranger).get_message_receipts(receipts).await),
        Reason::NotFound
    );
    assert_eq!(
        refusal(world.chat(a).mark_message_as_read(bad).await),
        Reason::InvalidField
    );
}

#[tokio::test]
async fn the_other_devices_hear_only_of_the_newest_position() {
    let world = World::new().await;
    let [a, b] = world.users();
    let room = world.direct(a, b).await.room_id;
    let sent = send_many(&world, a, &room, 2).await;

    read(&world, b, &sent[0]).await.unwrap();
    read(&world, b, &sent[1]).await.unwrap();
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
        log.iter().map(|event| event.useq).collect::<Vec<_>>(),
        [1, 3]
    );
}

#[tokio::test]
async fn receipts_say_who_read_a_message_and_when_it_was() {
    let world = World::new().await;
    let [a, b, c, late] = world.users();
    let room = world.group(a, &[b, c]).await.room_id;
    let first = world.send(a, &room, "first").await;
    let second = world.send(a, &room, "second").await;
    world.add(a, &room, &[late]).await.unwrap();

    read(&world, b, &first).await.unwrap();
    let of_first = receipts(&world, a, &first).await;
    let of_second = receipts(&world, a, &second).await;
    read(&world, b, &second).await.unwrap();
    let later = receipts(&world, a, &second).await;
    let first_again = receipts(&world, a, &first).await;

    let mut people: Vec<_> = of_first
        .iter()
        .map(|receipt| receipt.user_id.clone())
        .collect();
    people.sort();
    let mut expected = [b, c].map(|user| user.to_string());
    expected.sort();
    assert_eq!(people, expected);
    let of = |receipts: &[MessageReceipt], user: UserId| {
        receipts
            .iter()
            .find(|receipt| receipt.user_id == user.to_string())
            .unwrap()
            .clone()
    };
    assert!(of(&of_first, b).read_time.is_some() && of(&of_first, b).delivery_time.is_some());
    assert!(of(&of_first, c).read_time.is_none() && of(&of_first, c).delivery_time.is_none());
    assert!(of(&of_second, b).read_time.is_none());
    assert!(of(&later, b).read_time.is_some());
    assert_eq!(of(&first_again, b).read_time, of(&of_first, b).read_time);
}

#[tokio::test]
async fn who_hides_what_they_read_shows_only_that_it_arrived() {
    let world = World::new().await;
    let [a, b] = world.users();
    let room = world.direct(a, b).await.room_id;
    let hide = |shown, version| ApplyReadReceiptsRequest {
        user_id: b.to_string(),
        shown,
        version,
    };
    world
        .ingest()
        .apply_read_receipts(hide(false, 2))
        .await
        .unwrap();
    world
        .ingest()
        .apply_read_receipts(hide(true, 1))
        .await
        .unwrap();
    let message = world.send(a, &room, "hello").await;

    read(&world, b, &message).await.unwrap();

    let receipt = &receipts(&world, a, &message).await[0];
    assert!(receipt.read_time.is_none() && receipt.delivery_time.is_some());
    let seen_by = |viewer| async move {
        let room = world.room(viewer, &message.room_id).await.unwrap();
        room.participants
            .into_iter()
            .find(|one| one.user.clone().unwrap().user_id == b.to_string())
            .unwrap()
            .last_read_seq
    };
    assert_eq!(seen_by(a).await, 0);
}

#[tokio::test]
async fn across_a_block_nothing_is_told_of_positions() {
    let world = World::new().await;
    let [a, b, c] = world.users();
    let room = world.group(a, &[b, c]).await.room_id;
    let blocked = world.siblings.set_blocked(a, b, true);
    world.apply_pairs(vec![blocked]).await;
    let message = world.send(a, &room, "to all").await;

    read(&world, b, &message).await.unwrap();

    let by_a = receipts(&world, a, &message).await;
    let by_c = receipts(&world, c, &message).await;
    let of_b = |receipts: &[MessageReceipt]| {
        let receipt = receipts
            .iter()
            .find(|one| one.user_id == b.to_string())
            .unwrap();
        (receipt.delivery_time.is_some(), receipt.read_time.is_some())
    };
    assert_eq!((of_b(&by_a), of_b(&by_c)), ((false, false), (true, true)));
    let position = |room: kith_api::chat::v1::Room| {
        let found = room
            .participants
            .into_iter()
            .find(|one| one.user.clone().unwrap().user_id == b.to_string());
        found.unwrap().last_read_seq
    };
    assert_eq!(position(world.room(a, &room).await.unwrap()), 0);
    assert_eq!(position(world.room(c, &room).await.unwrap()), 2);
}

/// A gateway's deliveries of a room, from now on.
struct Watching {
    stream: tonic::Streaming<SubscribeResponse>,
    /// The stream lives as long as its requests may come.
    requests: tokio::sync::mpsc::Sender<SubscribeRequest>,
}

async fn watch(world: &World, room: &str) -> Watching {
    let (requests, receiver) = tokio::sync::mpsc::channel(1);
    let receiver = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let stream = inner(world.delivery_stream().subscribe(receiver).await);
    let mut watching = Watching { stream, requests };
    watching.add(room).await;
    watching
}

impl Watching {
    /// Watches one more room.
    async fn add(&mut self, room: &str) {
        let subscribe = SubscribeRequest {
            request_id: 1,
            add_room_ids: vec![room.to_owned()],
            ..SubscribeRequest::default()
        };
        self.requests.send(subscribe).await.unwrap();
        while !matches!(self.next().await.as_slice(), [.., Delivery::Confirmed(_)]) {}
    }

    async fn next(&mut self) -> Vec<Delivery> {
        let response = self.stream.message().await.unwrap().unwrap();
        response
            .deliveries
            .into_iter()
            .filter_map(|one| one.delivery)
            .collect()
    }

    /// The next receipt, whatever else comes before it.
    async fn next_receipt(&mut self) -> Receipt {
        loop {
            for delivery in self.next().await {
                if let Delivery::Receipt(receipt) = delivery {
                    return receipt;
                }
            }
        }
    }

    /// Receipts until one says that somebody has read up to `seq`.
    async fn receipts_until(&mut self, seq: u64) -> Vec<Receipt> {
        let mut receipts: Vec<Receipt> = Vec::new();
        while receipts
            .last()
            .is_none_or(|last| last.read_seq != Some(seq))
        {
            receipts.extend(self.next().await.into_iter().filter_map(|one| match one {
                Delivery::Receipt(receipt) => Some(receipt),
                _ => None,
            }));
        }
        receipts
    }
}

#[tokio::test]
async fn live_receipts_are_few_and_name_those_who_must_not_see_them() {
    let world = World::new().await;
    let [a, b] = world.users();
    let room = world.group(a, &[]).await.room_id;
    world.add(a, &room, &[b]).await.unwrap();
    let blocked = world.siblings.set_blocked(a, b, true);
    world.apply_pairs(vec![blocked]).await;

    let mut watching = watch(&world, &room).await;
    for message in send_many(&world, a, &room, 3).await {
        read(&world, b, &message).await.unwrap();
    }
    let receipts = watching.receipts_until(5).await;

    assert_eq!(
        receipts
            .iter()
            .map(|receipt| receipt.read_seq)
            .collect::<Vec<_>>(),
        [Some(3), Some(5)]
    );
    assert!(
        receipts
            .iter()
            .all(|receipt| receipt.user_id == b.to_string())
    );
    assert!(
        receipts
            .iter()
            .all(|receipt| receipt.hidden_from_ids == [a.to_string()])
    );
}

/// Says things over the stream of a gateway, as the socket of a person, and gives the answer to the last.
async fn command(world: &World, user: UserId, said: &[command::Command]) -> reply::Result {
    let caller = Caller::User {
        user_id: user,
        session_id: world.clock.new_id().into(),
    };
    let attach = Command {
        request_id: 0,
        handle: 1,
        command: Some(command::Command::Attach(Attach {
            caller: world.upstream().sign(&caller),
        })),
    };
    let mut commands = vec![attach];
    commands.extend(said.iter().map(|command| Command {
        request_id: 0,
        handle: 1,
        command: Some(command.clone()),
    }));
    commands.last_mut().unwrap().request_id = 7;
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    sender.send(SendRequest { commands }).await.unwrap();
    let requests = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let mut stream = inner(world.delivery_stream().send(requests).await);
    let reply = stream.message().await.unwrap().unwrap().replies.remove(0);
    assert_eq!(reply.request_id, 7);
    reply.result.unwrap()
}

fn up_to(room: &str, seq: u64) -> command::Command {
    command::Command::MarkRoomAsRead(MarkRoomAsRead {
        room_id: room.to_owned(),
        seq,
    })
}

#[tokio::test]
async fn above_the_head_nothing_is_read_and_below_the_position_nothing_changes() {
    let world = World::new().await;
    let [a, b, stranger] = world.users();
    let room = world.direct(a, b).await.room_id;
    send_many(&world, a, &room, 3).await;

    let third = command(&world, b, &[up_to(&room, 3)]).await;
    let above = command(&world, b, &[up_to(&room, 5)]).await;
    let below = command(&world, b, &[up_to(&room, 1)]).await;
    let foreign = command(&world, stranger, &[up_to(&room, 1)]).await;

    let stands = ReadPosition {
        last_read_seq: 3,
        unread_count: 1,
    };
    assert_eq!(third, reply::Result::Read(stands));
    assert_eq!(below, reply::Result::Read(stands));
    let reason = |result| match result {
        reply::Result::Failure(failure) => failure.reason(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        [reason(above), reason(foreign)],
        [Reason::InvalidField, Reason::NotFound]
    );
}

/// The stored delivered position of somebody, once it is there.
async fn delivered(world: &World, user: UserId) -> i64 {
    eventually("a delivered position is written", || async {
        let stored: Option<i64> = sqlx::query_scalar(
            "SELECT delivered_seq FROM chat.positions WHERE user_id = $1 AND delivered_at IS NOT NULL",
        )
        .bind(uuid::Uuid::from(user))
        .fetch_optional(&world.database.pool)
        .await
        .unwrap();
        stored
    })
    .await
}

#[tokio::test]
async fn what_arrived_is_noted_for_members_and_capped_at_the_head() {
    let world = World::new().await;
    let [a, b, stranger] = world.users();
    let room = world.direct(a, b).await.room_id;
    let message = world.send(a, &room, "hello").await;
    let mut watching = watch(&world, &room).await;
    let arrived = command::Command::MarkRoomAsDelivered(MarkRoomAsDelivered {
        room_id: room.clone(),
        seq: 1_000_000,
    });

    // What arrived is never answered; the reading of nothing behind it is.
    let said = [arrived, up_to(&room, 0)];
    command(&world, stranger, &said).await;
    command(&world, b, &said).await;

    assert_eq!(delivered(&world, b).await, 2);
    let receipt = watching.next_receipt().await;
    assert_eq!(
        (receipt.user_id, receipt.delivered_seq, receipt.read_seq),
        (b.to_string(), Some(2), None)
    );
    let seen = receipts(&world, a, &message).await;
    assert!(seen[0].delivery_time.is_some() && seen[0].read_time.is_none());
    let strangers: i64 =
        sqlx::query_scalar("SELECT count(*) FROM chat.positions WHERE user_id = $1")
            .bind(uuid::Uuid::from(stranger))
            .fetch_one(&world.database.pool)
            .await
            .unwrap();
    assert_eq!(strangers, 0);
}

#[tokio::test]
async fn large_rooms_have_no_live_receipts() {
    let world = World::new().await;
    let [a, b] = world.users();
    let crowd: Vec<UserId> = (0..99).map(|nth| world.user(&format!("p{nth}"))).collect();
    let large = world.group(a, &crowd).await.room_id;
    world.add(a, &large, &[b]).await.unwrap();
    let small = world.direct(a, b).await.room_id;
    let mut watching = watch(&world, &large).await;
    watching.add(&small).await;

    let in_large = world.send(a, &large, "hello all").await;
    read(&world, b, &in_large).await.unwrap();
    let in_small = world.send(a, &small, "hello").await;
    read(&world, b, &in_small).await.unwrap();

    assert_eq!(watching.next_receipt().await.room_id, small);
}

#[tokio::test]
async fn what_waits_is_written_when_the_process_ends() {
    let world = World::new().await;
    let [a, b] = world.users();
    let room = world.direct(a, b).await.room_id;
    let sent = send_many(&world, a, &room, 3).await;
    for message in &sent {
        read(&world, b, message).await.unwrap();
    }

    world.tasks.shutdown().signal();

    let rows = eventually("the newest is written", || async {
        let rows = written(&world, b).await;
        (rows.last() == Some(&4)).then_some(rows)
    })
    .await;
    assert_eq!(rows, [2, 4]);
}
