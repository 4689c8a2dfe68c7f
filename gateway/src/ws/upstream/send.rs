//! The streams of writes: the commands of all sockets, each on the stream to its room's node; answers each socket, and repeats on another stream what is
//! unanswered when one breaks. A repeat is safe: sends are unique by `client_id`, positions only rise.

use std::{sync::Arc, time::Duration};

use kith_api::{
    chat::v1::{Attach, Reply, SendMessageResponse, SendRequest, command, reply},
    common::v1::ErrorReason,
};
use kith_auth::Caller;
use kith_client::{Nodes, Upstream};
use kith_error::Failure;
use kith_ids::RoomId;
use kith_runtime::Shutdown;
use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    time::{Instant, MissedTickBehavior},
};

use super::{
    pending::{Pending, StreamId, Submission, Unanswered},
    reply::frame_of,
    resting::Resting,
    streams::{News, Streams},
};
use crate::{
    admission::Admitted,
    ws::{
        frames,
        socket::{Socket, Wakes},
    },
};

/// How long a command may stay unanswered, through however many streams.
const PATIENCE: Duration = Duration::from_secs(8);
/// How often the overdue are looked for, and the nodes that say nothing.
const TICK: Duration = Duration::from_millis(250);
/// Submissions taken at once.
const CHUNK: usize = 1_024;

/// Where sockets give their commands. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Sends(UnboundedSender<Submission>);

/// The streams' side of it.
pub(crate) struct Sender {
    chat: Upstream,
    nodes: Nodes,
    submissions: UnboundedReceiver<Submission>,
    taken: Vec<Submission>,
    unanswered: Unanswered,
    streams: Streams,
    resting: Resting,
}

impl Sends {
    /// A command that will be answered to the client's `ref`. It has a place among the node's commands until then.
    pub(crate) fn request(
        &self,
        socket: &Arc<Socket>,
        reference: &str,
        command: command::Command,
        admitted: Admitted,
    ) {
        socket.expect_answer();
        self.submit(Submission::Request(Pending {
            socket: socket.clone(),
            reference: reference.into(),
            command,
            deadline: Instant::now() + PATIENCE,
            traceparent: begin_trace(),
            admitted,
        }));
    }

    /// A command without an answer.
    pub(crate) fn notice(&self, socket: &Arc<Socket>, command: command::Command) {
        self.submit(Submission::Notice(socket.clone(), command));
    }

    /// The socket has closed.
    pub(crate) fn gone(&self, socket: &Socket) {
        self.submit(Submission::Gone(socket.id));
    }

    fn submit(&self, submission: Submission) {
        // Fails only when the node ends.
        let _ = self.0.send(submission);
    }
}

impl Sender {
    /// Both sides.
    pub(crate) fn new(chat: Upstream) -> (Sends, Self) {
        let (sends, submissions) = mpsc::unbounded_channel();
        let sender = Self {
            streams: Streams::new(chat.clone()),
            nodes: chat.nodes(),
            chat,
            submissions,
            taken: Vec::new(),
            unanswered: Unanswered::default(),
            resting: Resting::default(),
        };
        (Sends(sends), sender)
    }

    /// Keeps the streams open until the shutdown.
    pub(crate) async fn run(mut self, shutdown: Shutdown) {
        tokio::select! {
            () = self.work() => {}
            () = shutdown.signalled() => {}
        }
    }

    /// Ends when there are no sockets any more.
    async fn work(&mut self) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.follow();
        loop {
            self.send();
            tokio::select! {
                count = self.submissions.recv_many(&mut self.taken, CHUNK) => {
                    if count == 0 {
                        return;
                    }
                    for submission in self.taken.drain(..) {
                        self.unanswered.add(submission);
                    }
                }
                news = self.streams.next() => self.hear(news),
                () = self.nodes.changed() => self.follow(),
                () = self.resting.over() => self.resting.rouse(Instant::now()),
                _ = tick.tick() => self.give_up(),
            }
        }
    }

    /// A stream to each node that is known now, and to no other.
    fn follow(&mut self) {
        for gone in self.streams.follow(self.nodes.known()) {
            self.unanswered.close(gone);
        }
    }

    /// Sends what the streams have room for.
    fn send(&mut self) {
        let chat = &self.chat;
        let sign = |socket: &Socket| {
            command::Command::Attach(Attach {
                caller: chat.sign(&Caller::User {
                    user_id: socket.user_id,
                    session_id: socket.session_id,
                }),
            })
        };
        for id in self.unanswered.unsent() {
            while self.unanswered.has_unsent(id)
                && let Some(permit) = self.streams.room_on(id)
            {
                let commands = self.unanswered.next_batch(id, Instant::now(), sign);
                if !commands.is_empty() {
                    permit.send(SendRequest { commands });
                }
            }
        }
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Open(id, node) => self.unanswered.open(id, node, Instant::now()),
            News::Heard(id, replies) => self.answer(id, replies),
            News::Broken(id) => self.end(id),
            News::Ready => {}
        }
    }

    fn end(&mut self, id: StreamId) {
        self.unanswered.close(id);
        self.streams.reopen(id);
    }

    fn answer(&mut self, id: StreamId, replies: Vec<Reply>) {
        let (mut wakes, now) = (Wakes::default(), Instant::now());
        for Reply { request_id, result } in replies {
            if let Some(did_it) = did_it(result.as_ref()) {
                self.unanswered.judge(id, did_it, now);
            }
            if let Some(pending) = self.unanswered.answer(id, request_id, now) {
                let confirmed = confirmed(result.as_ref());
                let frame = frame_of(&pending, result);
                let socket = pending.socket;
                socket.answer_quietly(frame);
                // Queued before this is asked: an event that has come meanwhile wakes the socket for both.
                if confirmed.is_some_and(|(room, seq)| socket.awaits(room, seq)) {
                    self.resting.add(socket, now);
                } else {
                    socket.rouse(&mut wakes);
                }
            }
        }
    }

    /// The outcome is unknown to us, and stays so; the client repeats with the same `client_id`.
    fn give_up(&mut self) {
        let (mut wakes, now) = (Wakes::default(), Instant::now());
        for pending in self.unanswered.expire(now) {
            let failure = Failure::unavailable(Duration::from_secs(1));
            let frame = frames::err(Some(&pending.reference), &failure);
            pending.socket.answer(frame, &mut wakes);
        }
        for id in self.unanswered.silent(now) {
            self.end(id);
        }
    }
}

/// The room and seq of a message that was stored just now.
fn confirmed(result: Option<&reply::Result>) -> Option<(RoomId, u64)> {
    match result {
        Some(reply::Result::Message(SendMessageResponse {
            message: Some(message),
            duplicate: false,
        })) => Some((message.room_id.parse().ok()?, message.seq)),
        _ => None,
    }
}

/// Whether the node could do what it was asked; of a refusal that another node would give too nothing follows.
fn did_it(result: Option<&reply::Result>) -> Option<bool> {
    match result? {
        reply::Result::Message(_) | reply::Result::Read(_) => Some(true),
        reply::Result::Failure(failure) => {
            let is_unavailable = failure.reason() == ErrorReason::Unavailable;
            is_unavailable.then_some(false)
        }
    }
}

/// The beginning of the trace that a frame is; what it leads to hangs below. Without a collector there is none: a span costs
/// more than the rest of this.
fn begin_trace() -> Option<String> {
    if !kith_telemetry::is_collected() {
        return None;
    }
    tracing::info_span!("ws.request").in_scope(kith_telemetry::sampled_traceparent)
}

#[cfg(test)]
mod tests {
    use kith_auth::{CallerSigner, ClusterKey};
    use kith_client::pipe;
    use kith_clock::Clock;
    use kith_runtime::Tasks;
    use tokio::time::sleep;

    use super::*;
    use crate::{Config, admission::Admission};

    #[tokio::test(start_paused = true)]
    async fn what_gets_overdue_while_a_stream_is_being_opened_is_answered_then() {
        let clock = Clock::system();
        // Takes connections, and never says anything.
        let (channel, _incoming) = pipe();
        let signer = CallerSigner::new(ClusterKey::new([42; 32]), clock.clone());
        let (sends, sender) = Sender::new(Upstream::new(channel, signer, PATIENCE));
        let tasks = Tasks::new(Shutdown::new());
        tasks.spawn("sender", sender.run(tasks.shutdown().clone()));
        let socket = Socket::new(1, clock.new_id().into(), clock.new_id().into());
        let socket = Arc::new(socket);
        // An opening is given up after four seconds: this gets overdue in the middle of the third one.
        sleep(Duration::from_secs(2)).await;
        let began = Instant::now();

        let admitted = Admission::new(&Config::for_test()).admit_send().unwrap();
        let typing = command::Command::SetTyping(kith_api::chat::v1::SetTyping::default());
        sends.request(&socket, "a", typing, admitted);
        while socket.unanswered() > 0 {
            sleep(TICK).await;
        }

        let took = began.elapsed();
        assert!(
            took >= PATIENCE && took <= PATIENCE + 2 * TICK,
            "answered after {took:?}"
        );
    }
}
