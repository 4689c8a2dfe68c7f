//! Commands that queued behind one another: reads share a transaction, typing a look at the tables, and each is told what it would
//! have been told alone.

use std::collections::HashMap;

use kith_api::chat::v1::{
    MarkRoomAsRead, ReadPosition, Room, SetTyping, command::Command, delivery::Delivery as Kind,
    reply,
};
use kith_error::Reason;
use kith_ids::UserId;
use kith_testkit::eventually;
use sqlx::{Postgres, Transaction};

use crate::{
    gateway::Gateway,
    races::{hold_position, somebody_waits},
    world::{World, room_id},
};

/// Who asks, as the gateway knows them.
const BEN: u64 = 1;
const STRANGER: u64 = 2;
/// A handle that nobody attached: its commands are refused at once.
const NOBODY: u64 = 9;

/// A stream whose worker has something to wait for, and rooms of the same worker.
struct Queued {
    world: World,
    ann: UserId,
    ben: UserId,
    gateway: Gateway,
    /// The worker waits for a position in the first one.
    rooms: Vec<Room>,
    gate: Transaction<'static, Postgres>,
}

impl Queued {
    /// Each room has two messages, of which ben has read none.
    async fn new(rooms: usize) -> Self {
        let world = World::new().await;
        let [ann, ben, stranger] = world.users();
        let rooms = rooms_of_one_worker(&world, [ann, ben], rooms + 1).await;
        for room in &rooms {
            world.send_many(ann, &room.room_id, 2).await;
        }
        let gateway = Gateway::connect(world.upstream()).await;
        gateway.attach(BEN, ben).await;
        gateway.attach(STRANGER, stranger).await;
        let gate = hold_position(&world, &rooms[0], ben).await;
        gateway.run(vec![(1, BEN, read(&rooms[0], 3))]).await;
        somebody_waits(&world.database.pool).await;
        Self {
            world,
            ann,
            ben,
            gateway,
            rooms,
            gate,
        }
    }

    /// Who shares all rooms with ben may not know any more that he writes.
    async fn block_ann_and_ben(&self) -> UserId {
        self.world.direct(self.ann, self.ben).await;
        let pair = self.world.siblings.set_blocked(self.ben, self.ann, true);
        self.world.apply_pairs(vec![pair]).await;
        self.ann
    }

    /// Queues commands while the worker waits; when this returns, all of them are in its queue.
    async fn queue(&mut self, mut commands: Vec<(u64, u64, Command)>) {
        commands.push((1000, NOBODY, read(&self.rooms[0], 1)));
        self.gateway.run(commands).await;
        assert_eq!(
            self.gateway.reply().await.0,
            1000,
            "nothing is answered while the worker waits"
        );
    }

    /// Lets the worker go on, and gives what the next ones are told, by request.
    async fn release(self, answers: usize) -> (World, HashMap<u64, reply::Result>) {
        let mut gateway = self.gateway;
        self.gate.rollback().await.unwrap();
        let mut told = HashMap::new();
        for _ in 0..=answers {
            let (request, answer) = gateway.reply().await;
            told.insert(request, answer);
        }
        told.remove(&1).expect("the one that waited is answered");
        (self.world, told)
    }
}

/// Groups whose ids lead to the same worker of a stream.
async fn rooms_of_one_worker(
    world: &World,
    [owner, other]: [UserId; 2],
    count: usize,
) -> Vec<Room> {
    let worker = |room: &Room| room_id(room).as_uuid().as_bytes()[15] % 4;
    let mut rooms = vec![world.group(owner, &[other]).await];
    while rooms.len() < count {
        let room = world.group(owner, &[other]).await;
        if worker(&room) == worker(&rooms[0]) {
            rooms.push(room);
        }
    }
    rooms
}

fn read(room: &Room, seq: u64) -> Command {
    Command::MarkRoomAsRead(MarkRoomAsRead {
        room_id: room.room_id.clone(),
        seq,
    })
}

fn typing(room: &Room, active: bool) -> Command {
    Command::SetTyping(SetTyping {
        room_id: room.room_id.clone(),
        active,
    })
}

const fn stands(last_read_seq: u64, unread_count: u32) -> reply::Result {
    reply::Result::Read(ReadPosition {
        last_read_seq,
        unread_count,
    })
}

fn reason(answer: &reply::Result) -> Reason {
    match answer {
        reply::Result::Failure(failure) => failure.reason(),
        other => panic!("{other:?}"),
    }
}

/// Of somebody's advances in rooms: how many, and in how many transactions they were written.
async fn advances(world: &World, user: UserId, rooms: &[Room]) -> (i64, i64) {
    let rooms: Vec<uuid::Uuid> = rooms.iter().map(|room| room_id(room).into()).collect();
    sqlx::query_as(
        "SELECT count(*), count(DISTINCT xmin::text) FROM chat.message_read_receipts
         WHERE user_id = $1 AND room_id = ANY($2)",
    )
    .bind(uuid::Uuid::from(user))
    .bind(rooms)
    .fetch_one(&world.database.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn reads_that_queue_while_one_is_written_share_a_transaction() {
    let mut queued = Queued::new(6).await;
    let (ben, rooms) = (queued.ben, queued.rooms[1..].to_vec());
    let reads = (2..)
        .zip(&rooms)
        .map(|(request, room)| (request, BEN, read(room, 2)));
    queued.queue(reads.collect()).await;

    let (world, told) = queued.release(rooms.len()).await;

    assert!(
        told.values().all(|answer| *answer == stands(2, 1)),
        "{told:?}"
    );
    assert_eq!(advances(&world, ben, &rooms).await, (6, 1));
}

#[tokio::test]
async fn a_read_is_told_in_a_batch_what_it_is_told_alone() {
    let mut queued = Queued::new(2).await;
    let (ben, rooms) = (queued.ben, queued.rooms[1..].to_vec());
    let (one, two) = (&rooms[0], &rooms[1]);
    queued
        .queue(vec![
            (2, BEN, read(one, 1)),
            (3, BEN, read(one, 9)),
            (4, STRANGER, read(one, 2)),
            (5, BEN, read(two, 2)),
            (6, BEN, read(one, 3)),
            (7, BEN, read(one, 2)),
        ])
        .await;

    let (world, told) = queued.release(6).await;

    assert_eq!(told[&2], stands(1, 2));
    assert_eq!(reason(&told[&3]), Reason::InvalidField);
    assert_eq!(reason(&told[&4]), Reason::NotFound);
    assert_eq!(told[&5], stands(2, 1));
    assert_eq!((&told[&6], &told[&7]), (&stands(3, 0), &stands(3, 0)));
    assert_eq!(advances(&world, ben, &rooms).await, (2, 1));
}

#[tokio::test]
async fn a_position_that_is_held_does_not_refuse_the_others_and_is_written_later() {
    let mut queued = Queued::new(3).await;
    let (ben, rooms) = (queued.ben, queued.rooms[1..].to_vec());
    let held = hold_position(&queued.world, &rooms[1], ben).await;
    let reads = (2..)
        .zip(&rooms)
        .map(|(request, room)| (request, BEN, read(room, 3)));
    queued.queue(reads.collect()).await;

    let (world, told) = queued.release(3).await;

    assert_eq!((&told[&2], &told[&4]), (&stands(3, 0), &stands(3, 0)));
    assert_eq!(reason(&told[&3]), Reason::Unavailable);
    held.rollback().await.unwrap();
    eventually("what was refused is written", || async {
        (advances(&world, ben, &rooms).await.0 == 3).then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_writes_is_told_in_order_to_those_who_may_know() {
    let mut queued = Queued::new(2).await;
    let (ben, rooms) = (queued.ben, queued.rooms[1..].to_vec());
    let (one, two) = (&rooms[0], &rooms[1]);
    let ann = queued.block_ann_and_ben().await;
    let mut far = Gateway::connect(queued.world.upstream()).await;
    far.subscribe(&[&one.room_id, &two.room_id], &[]).await;
    queued
        .queue(vec![
            (2, BEN, typing(one, true)),
            (3, STRANGER, typing(one, true)),
            (4, BEN, read(one, 2)),
            (5, BEN, typing(two, true)),
            (6, BEN, typing(one, false)),
        ])
        .await;

    let (_world, told) = queued.release(2).await;
    let mut heard = Vec::new();
    while heard.len() < 3 {
        if let Kind::Typing(typing) = far.delivery().await {
            assert_eq!(typing.user_id, ben.to_string());
            assert_eq!(typing.hidden_from_ids, [ann.to_string()]);
            heard.push((typing.room_id, typing.active));
        }
    }

    assert_eq!(reason(&told[&3]), Reason::NotFound);
    assert_eq!(told[&4], stands(2, 1));
    let [one, two] = [one, two].map(|room| room.room_id.clone());
    assert_eq!(heard, [(one.clone(), true), (two, true), (one, false)]);
}
