//! One worker of a stream: does what asks the database. Reads that queued meanwhile are done as one.

use std::sync::Arc;

use kith_api::chat::v1::{ReadPosition, Reply, reply};
use kith_ids::{RoomId, UserId};
use tokio::sync::mpsc;

use crate::{
    Error,
    app::{
        App,
        mark_rooms_as_read::{self, Read, mark_rooms_as_read},
        set_typing,
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
        let mut reads = Reads::default();
        for work in taken.drain(..) {
            match work.task {
                Task::Read(seq) => reads.push(&work, seq),
                Task::Typing(active) => {
                    // Within a room, what was said first is done first.
                    if reads.include(work.room) {
                        std::mem::take(&mut reads).run(&app, &replies).await;
                    }
                    let done = set_typing::set_typing(&app, work.user, work.room, active).await;
                    if let Err(error) = done {
                        reply_failure(&replies, work.request_id, &error);
                    }
                }
            }
        }
        reads.run(&app, &replies).await;
    }
}

/// Reads that are done together, and who asked for them.
#[derive(Default)]
struct Reads {
    request_ids: Vec<u64>,
    reads: Vec<Read>,
}

impl Reads {
    fn push(&mut self, work: &Work, seq: i64) {
        self.request_ids.push(work.request_id);
        self.reads.push(Read {
            user_id: work.user,
            room_id: work.room,
            seq,
        });
    }

    fn include(&self, room: RoomId) -> bool {
        self.reads.iter().any(|read| read.room_id == room)
    }

    async fn run(self, app: &App, replies: &Replies) {
        if self.reads.is_empty() {
            return;
        }
        metrics::histogram!("kith_chat_read_batch")
            .record(u32::try_from(self.reads.len()).unwrap_or(u32::MAX));
        let answers = mark_rooms_as_read(app, &self.reads).await;
        let told: Vec<Replied> = self
            .request_ids
            .into_iter()
            .zip(answers)
            .filter(|(request_id, _)| *request_id > 0)
            .map(|(request_id, answer)| replied(request_id, read(answer)))
            .collect();
        // Told together they leave together. A stream that has ended needs no reply.
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
