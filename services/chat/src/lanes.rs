//! Natural batching of sends: while one commit is in flight the next batch collects, so that concurrency turns into bigger
//! transactions and a lone message never waits. A room always takes the same lane, which keeps the order of its sends.

mod batch;
mod held;
mod lookup;
mod worker;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use kith_api::chat::v1::{Reply, SendMessageResponse};
use kith_ids::RoomId;
use kith_runtime::Tasks;
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::Span;

use crate::{Config, Error, domain::message::Draft, fanout::Fanout};

/// Sends that one lane holds; more are turned away at once. Two seconds of a busy node.
const QUEUE: usize = 32_768;

/// The node's append lanes. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Lanes {
    queues: Arc<[mpsc::Sender<Item>]>,
}

/// What a lane needs.
pub(crate) struct Deps {
    pub(crate) pool: PgPool,
    pub(crate) fanout: Fanout,
    pub(crate) epoch: watch::Receiver<u64>,
}

/// What became of a send.
pub(crate) type Answer = Result<SendMessageResponse, Refusal>;

/// Why a send was refused. Unlike [`Error`] it can be given to all who sent the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    NoRoom,
    NoReply,
    Privacy,
    Reused,
    TooEarly,
    /// Not now, or of unknown outcome: a retry with the same `client_id` resolves it.
    Unavailable,
    Internal,
}

/// Who waits for an answer.
pub(crate) enum Responder {
    /// One call.
    Call(oneshot::Sender<Answer>),
    /// A command of a stream.
    Stream { request_id: u64, replies: Replies },
}

/// Where the replies of a stream go: those that are ready together at once, so that they leave together.
pub(crate) type Replies = mpsc::UnboundedSender<Vec<Replied>>;

/// A reply of a stream.
pub(crate) enum Replied {
    /// To a send, by its request.
    Sent(u64, Answer),
    /// To anything else.
    Other(Reply),
}

/// A send in a queue.
struct Item {
    draft: Draft,
    responder: Responder,
    queued: Instant,
    /// What the send is part of.
    span: Span,
}

impl Lanes {
    /// `is_alone`: no other node appends to the same database.
    pub(crate) fn start(config: &Config, is_alone: bool, deps: &Arc<Deps>, tasks: &Tasks) -> Self {
        let queues = (0..config.lanes(is_alone)).map(|_| {
            let (sender, receiver) = mpsc::channel(QUEUE);
            worker::spawn(Arc::clone(deps), receiver, config.queue_patience, tasks);
            sender
        });
        Self {
            queues: queues.collect(),
        }
    }

    /// Queues a send. Never waits; two sends of one task into one room keep their order.
    pub(crate) fn submit(&self, draft: Draft, responder: Responder) {
        let item = Item {
            queued: Instant::now(),
            span: Span::current(),
            draft,
            responder,
        };
        let queue = &self.queues[lane(item.draft.room_id, self.queues.len())];
        if let Err(refused) = queue.try_send(item) {
            refused
                .into_inner()
                .responder
                .respond(Err(Refusal::Unavailable));
        }
    }
}

/// The last bytes of a UUIDv7 are random, so that they spread the rooms evenly.
fn lane(room: RoomId, lanes: usize) -> usize {
    usize::from(room.as_uuid().as_bytes()[15]) % lanes
}

impl Responder {
    /// Answers. Somebody who has gone away needs no answer.
    fn respond(self, answer: Answer) {
        match self {
            Self::Call(call) => {
                let _ = call.send(answer);
            }
            // No reply is wanted.
            Self::Stream { request_id: 0, .. } => {}
            Self::Stream {
                request_id,
                replies,
            } => {
                let _ = replies.send(vec![Replied::Sent(request_id, answer)]);
            }
        }
    }
}

/// Answers who waits for a batch, each stream once for all that it waits for: told one by one, it would be woken by the first and send that one alone.
fn respond_all(answers: impl Iterator<Item = (Responder, Answer)>) {
    let mut streams: Vec<(Replies, Vec<Replied>)> = Vec::new();
    for (responder, answer) in answers {
        let Responder::Stream {
            request_id: request_id @ 1..,
            replies,
        } = responder
        else {
            responder.respond(answer);
            continue;
        };
        let replied = Replied::Sent(request_id, answer);
        match streams.iter_mut().find(|(it, _)| it.same_channel(&replies)) {
            Some((_, together)) => together.push(replied),
            None => streams.push((replies, vec![replied])),
        }
    }
    for (replies, together) in streams {
        let _ = replies.send(together);
    }
}

impl Item {
    fn is_older_than(&self, patience: Duration) -> bool {
        self.queued.elapsed() > patience
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoRoom => Self::RoomNotFound,
            Refusal::NoReply => Self::MessageNotFound,
            Refusal::Privacy => Self::NotAllowedByPrivacy,
            Refusal::Reused => Self::ClientIdReused,
            Refusal::TooEarly => Self::invalid_field(
                "create_time",
                "too_early",
                "not before the room's newest entry",
            ),
            Refusal::Unavailable => Self::Unavailable("the append could not be confirmed"),
            Refusal::Internal => Self::AppendFailed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stream_is_told_once_of_all_that_it_waits_for() {
        let (one, mut of_one) = mpsc::unbounded_channel();
        let (two, mut of_two) = mpsc::unbounded_channel();
        let (call, mut of_call) = oneshot::channel();
        let waiting = |request_id, replies: &Replies| Responder::Stream {
            request_id,
            replies: replies.clone(),
        };
        let responders = [
            waiting(1, &one),
            waiting(0, &one),
            waiting(7, &two),
            Responder::Call(call),
            waiting(2, &one),
        ];

        respond_all(responders.into_iter().map(|it| (it, Err(Refusal::NoRoom))));

        let told = |of: &mut mpsc::UnboundedReceiver<Vec<Replied>>| {
            let together = of.try_recv().unwrap();
            assert!(of.try_recv().is_err(), "told a second time");
            together.into_iter().map(request_id).collect::<Vec<_>>()
        };
        assert_eq!(told(&mut of_one), [1, 2]);
        assert_eq!(told(&mut of_two), [7]);
        assert_eq!(of_call.try_recv(), Ok(Err(Refusal::NoRoom)));
    }

    fn request_id(replied: Replied) -> u64 {
        match replied {
            Replied::Sent(request_id, _) => request_id,
            Replied::Other(reply) => reply.request_id,
        }
    }
}
