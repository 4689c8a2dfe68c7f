//! One worker of a stream: does what asks the database. What queued meanwhile is done as one.

use std::sync::Arc;

use kith_api::chat::v1::{ReadPosition, Reply, reply};
use kith_ids::{RoomId, UserId};
use tokio::sync::mpsc;

use crate::{
    Error,
    app::{
        App,
        mark_rooms_as_read::{self, Read, mark_rooms_as_read},
        set_typing::{Writer, set_typing},
    },
    lanes::{Replied, Replies},
    rpc::delivery::send::failure,
    wire,
};

/// Commands that are taken together: with more of them a batch takes longer without being cheaper.
const BATCH: usize = 256;

/// What a worker does.
pub(super) struct Work {
    pub(super) request_id: u64,
    pub(super) user: UserId,
    pub(super) room: RoomId,
    pub(super) task: Task,
}

pub(super) enum Task {
    Read(i64),
    Typing(bool),
}

/// Works until the stream ends, and does what has queued by then.
pub(super) async fn work(app: Arc<App>, mut queue: mpsc::Receiver<Work>, replies: Replies) {
    let mut taken = Vec::new();
    while queue.recv_many(&mut taken, BATCH).await > 0 {
        let (mut reads, mut typings) = (Batch::default(), Batch::default());
        for work in taken.drain(..) {
            let (user_id, room_id) = (work.user, work.room);
            match work.task {
                Task::Read(seq) => reads.push(
                    work.request_id,
                    Read {
                        user_id,
                        room_id,
                        seq,
                    },
                ),
                Task::Typing(active) => typings.push(
                    work.request_id,
                    Writer {
                        user_id,
                        room_id,
                        active,
                    },
                ),
            }
        }
        // It is over in a moment, and worth nothing later; a read may wait for a row.
        run_typings(typings, &app, &replies).await;
        run_reads(reads, &app, &replies).await;
    }
}

/// Commands that are done together, and the requests that they came with.
struct Batch<T> {
    request_ids: Vec<u64>,
    commands: Vec<T>,
}

impl<T> Default for Batch<T> {
    fn default() -> Self {
        Self {
            request_ids: Vec::new(),
            commands: Vec::new(),
        }
    }
}

impl<T> Batch<T> {
    fn push(&mut self, request_id: u64, command: T) {
        self.request_ids.push(request_id);
        self.commands.push(command);
    }
}

async fn run_reads(reads: Batch<Read>, app: &App, replies: &Replies) {
    if reads.commands.is_empty() {
        return;
    }
    metrics::histogram!("kith_chat_read_batch")
        .record(u32::try_from(reads.commands.len()).unwrap_or(u32::MAX));
    let answers = mark_rooms_as_read(app, &reads.commands).await;
    let answers = answers.into_iter().map(|answer| Some(read(answer)));
    tell(reads.request_ids, answers, replies);
}

/// Only what could not be done is answered.
async fn run_typings(typings: Batch<Writer>, app: &App, replies: &Replies) {
    if typings.commands.is_empty() {
        return;
    }
    let done = set_typing(app, &typings.commands).await;
    let failures = done.into_iter().map(|done| {
        let error = done.err()?;
        Some(reply::Result::Failure(failure(&error)))
    });
    tell(typings.request_ids, failures, replies);
}

/// Told together they leave together.
fn tell(
    request_ids: Vec<u64>,
    answers: impl Iterator<Item = Option<reply::Result>>,
    replies: &Replies,
) {
    let told: Vec<Replied> = request_ids
        .into_iter()
        .zip(answers)
        .filter(|(request_id, _)| *request_id > 0)
        .filter_map(|(request_id, answer)| Some(replied(request_id, answer?)))
        .collect();
    if !told.is_empty() {
        // A stream that has ended needs no reply.
        let _ = replies.send(told);
    }
}

fn read(answer: Result<mark_rooms_as_read::ReadPosition, Error>) -> reply::Result {
    match answer {
        Ok(position) => reply::Result::Read(ReadPosition {
            last_read_seq: wire::seq(position.last_read_seq),
            unread_count: u32::try_from(position.unread_count).unwrap_or(u32::MAX),
        }),
        Err(error) => reply::Result::Failure(failure(&error)),
    }
}

pub(super) fn reply_failure(replies: &Replies, request_id: u64, error: &Error) {
    if request_id == 0 {
        return;
    }
    // A stream that has ended needs no reply.
    let _ = replies.send(vec![replied(
        request_id,
        reply::Result::Failure(failure(error)),
    )]);
}

const fn replied(request_id: u64, result: reply::Result) -> Replied {
    Replied::Other(Reply {
        request_id,
        result: Some(result),
    })
}
