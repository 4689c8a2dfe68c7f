//! One socket's life, in one task: `hello`, then frames in and frames out until somebody ends it. The task alone touches the
//! connection; everybody else uses the [`Socket`]'s queue.

mod dispatch;
mod hello;
mod jobs;
mod pace;
mod timers;
mod typing;

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use kith_delivery::Lost;
use kith_ids::RoomId;
use tokio::io::{AsyncRead, AsyncWrite};

use self::{
    hello::Opened,
    jobs::{Done, Jobs},
    pace::Pace,
    timers::{Due, Timers},
    typing::TypingPace,
};
use super::{
    Node,
    close::Close,
    frames,
    framing::{Frame, Incoming},
    registry::Registered,
    socket::{Order, Socket, Wakes},
    transport::{End, Transport},
};

/// Bad frames that end the connection.
const BAD_FRAMES: u32 = 3;
/// How long requests in flight may delay the close of a leaving node.
const LAST_ANSWERS: Duration = Duration::from_secs(3);
/// How often that is looked at.
const LAST_ANSWERS_TICK: Duration = Duration::from_millis(20);

/// An open socket.
struct Session<'a, IO> {
    node: &'a Arc<Node>,
    transport: Transport<IO>,
    registered: Registered,
    timers: Timers,
    pace: Pace,
    typing: TypingPace,
    jobs: Jobs,
    bad_frames: u32,
}

/// What the task does next.
enum Step {
    Heard(Incoming),
    Ordered(Order),
    Lost(Lost),
    TypeAgain(Vec<RoomId>),
    Done(Done),
    Due(Due),
    Ended(End),
}

/// How a socket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// We close it, and say why.
    Ours(Close),
    /// We close it, and have said why.
    Told(Close),
    /// The client did, or the connection broke.
    Theirs(End),
}

/// Serves a connection after its handshake. `token` is the one of the `Authorization` header.
pub(crate) async fn run<IO>(io: IO, node: &Arc<Node>, token: Option<String>)
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut transport = Transport::new(io);
    // A task is as large as the largest thing it ever waits for, and there is one for each socket: what only a socket's beginning
    // and end need is boxed, so that an idle one doesn't hold it.
    let mut session = match Box::pin(hello::receive(&mut transport, node, token)).await {
        Ok(opened) => Session::new(node, transport, opened),
        Err(ending) => return Box::pin(end(transport, ending)).await,
    };
    let ending = session.live().await;
    Box::pin(end(session.leave(ending), ending)).await;
}

impl<'a, IO: AsyncRead + AsyncWrite + Unpin> Session<'a, IO> {
    fn new(node: &'a Arc<Node>, transport: Transport<IO>, opened: Opened) -> Self {
        let Opened {
            registered,
            expires_in,
            bad_frames,
        } = opened;
        let now = Instant::now();
        Self {
            node,
            transport,
            registered,
            timers: Timers::new(now, node.state.config.heartbeat, expires_in),
            pace: Pace::new(node.state.limits.frames_per_socket(), now),
            typing: TypingPace::default(),
            jobs: Jobs::default(),
            bad_frames,
        }
    }

    fn socket(&self) -> &Arc<Socket> {
        &self.registered.socket
    }

    /// Follows what happens until something ends the socket.
    async fn live(&mut self) -> Ending {
        loop {
            let step = poll_fn(|cx| self.poll_step(cx)).await;
            if let Some(ending) = self.follow(step) {
                return ending;
            }
        }
    }

    /// Gives the socket's place up; what is left of it is a connection with some last frames.
    fn leave(self, ending: Ending) -> Transport<IO> {
        tracing::debug!(?ending, user.id = %self.socket().user_id, "a socket ends");
        // Nothing may reach the queue any more: not an event after a revocation, not an event of a node that leaves.
        self.node.hub.leave(self.socket());
        self.node.sends.gone(self.socket());
        self.node.presences.closed(self.socket());
        let Self {
            mut transport,
            registered,
            ..
        } = self;
        let socket = registered.socket.clone();
        // The place is free from now on, however long the last frames take.
        drop(registered);
        if ending == Ending::Ours(Close::Slow) {
            socket.discard();
            transport.discard_unwritten();
        } else {
            transport.take_over(|writing| socket.take_frames(writing, usize::MAX));
        }
        transport
    }

    /// Writing comes first: what is queued goes out in one write, and only then comes more work.
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        let socket = &self.registered.socket;
        let is_blocked = loop {
            let written = self
                .transport
                .poll_write(cx, |writing, room| socket.take_frames(writing, room));
            if let Poll::Ready(Err(end)) = written {
                return Poll::Ready(Step::Ended(end));
            }
            // Leaves the waker in any case: orders come to a blocked socket too. Something may have come in between.
            let has_more = socket.register(cx);
            if written.is_pending() || !has_more {
                break written.is_pending();
            }
        };
        if let Some(order) = socket.take_order() {
            return Poll::Ready(Step::Ordered(order));
        }
        if let Some(lost) = socket.take_lost() {
            return Poll::Ready(Step::Lost(lost));
        }
        let rooms = socket.take_type_again();
        if !rooms.is_empty() {
            return Poll::Ready(Step::TypeAgain(rooms));
        }
        let may_read = socket.may_read();
        self.timers.observe(
            may_read,
            self.transport
                .stuck_since()
                .filter(|_| is_blocked && socket.has_overflowed()),
        );
        if let Poll::Ready(due) = self.timers.poll_due(cx) {
            return Poll::Ready(Step::Due(due));
        }
        if let Poll::Ready(done) = self.jobs.poll_done(cx) {
            return Poll::Ready(Step::Done(done));
        }
        if !may_read {
            return Poll::Pending;
        }
        self.transport.poll_read(cx).map(|read| match read {
            Ok(incoming) => Step::Heard(incoming),
            Err(end) => Step::Ended(end),
        })
    }

    fn follow(&mut self, step: Step) -> Option<Ending> {
        match step {
            Step::Heard(incoming) => self.hear(incoming),
            Step::Ordered(Order::Close(close)) => Some(Ending::Ours(close)),
            Step::Ordered(Order::Drain {
                resume_after,
                close_after,
            }) => {
                self.say(frames::drain(resume_after));
                self.timers.close_after(close_after);
                None
            }
            Step::Lost(lost) => {
                self.tell_lost(&lost);
                None
            }
            Step::TypeAgain(rooms) => {
                self.type_again(rooms);
                None
            }
            Step::Done(done) => {
                self.finish_job(done);
                None
            }
            Step::Due(due) => self.act(due),
            Step::Ended(end) => Some(Ending::Theirs(end)),
        }
    }

    fn act(&mut self, due: Due) -> Option<Ending> {
        match due {
            Due::Expired => Some(Ending::Ours(Close::TokenExpired)),
            Due::Silent | Due::Stuck => Some(Ending::Ours(Close::Slow)),
            Due::Drained { since } => {
                let is_answered = self.socket().unanswered() == 0;
                if is_answered || since >= LAST_ANSWERS {
                    return Some(Ending::Ours(Close::Draining));
                }
                self.timers.close_after(LAST_ANSWERS_TICK);
                None
            }
            Due::Heartbeat => {
                self.say(Frame::ping());
                self.say(frames::heads(&frames::Standing {
                    useq: self.node.hub.useq(self.socket().user_id),
                    rooms: self.socket().moved_rooms(),
                }));
                None
            }
        }
    }

    /// The queue has room again: says which rooms are detached, and goes on with the person's log.
    fn tell_lost(&mut self, lost: &Lost) {
        if !lost.rooms.is_empty() {
            let useq = self.node.hub.useq(self.socket().user_id);
            let standing = self.socket().standing(&lost.rooms, useq);
            self.say(frames::behind(&standing));
        }
        if lost.user {
            self.node.hub.rejoin_user(self.socket());
        }
    }

    fn say(&self, frame: Frame) {
        self.socket().say(frame);
    }

    /// Queues the answer to a request that was counted.
    fn answer(&self, frame: Frame) {
        self.socket().answer(frame, &mut Wakes::default());
    }
}

/// Says why, and closes.
async fn end<IO: AsyncRead + AsyncWrite + Unpin>(mut transport: Transport<IO>, ending: Ending) {
    match ending {
        Ending::Ours(close) => {
            if let Some(failure) = close.failure() {
                transport.say(frames::err(None, &failure));
            }
            let last_write = close.last_write();
            transport
                .close_within(last_write, close.code(), close.word())
                .await;
        }
        Ending::Told(close) => transport.close(close.code(), close.word()).await,
        Ending::Theirs(End::Broken(violation)) => {
            transport
                .close(violation.code(), violation.sentence())
                .await;
        }
        Ending::Theirs(End::Closed(code)) => {
            transport.close(code.unwrap_or(1000), "").await;
        }
        Ending::Theirs(End::Gone) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_not_waited_for_once_more() {
        let (ours, _theirs) = tokio::io::duplex(1);
        let began = Instant::now();

        end(Transport::new(ours), Ending::Ours(Close::Slow)).await;

        assert!(began.elapsed() <= Duration::from_secs(2));
    }
}
