//! The stream of writes: batches the commands of all sockets, answers each socket, repeats what is unanswered on the next
//! stream. A repeat is safe: sends are unique by `client_id`, positions only rise.

use std::{sync::Arc, time::Duration};

use kith_api::chat::v1::{Attach, Reply, SendRequest, command, reply};
use kith_auth::Caller;
use kith_client::Upstream;
use kith_error::Failure;
use kith_runtime::Shutdown;
use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    time::{Instant, MissedTickBehavior},
};
use tokio_stream::wrappers::ReceiverStream;

use super::{
    IN_FLIGHT, Link, keep_open, next, opened,
    pending::{Pending, Submission, Unanswered},
};
use crate::{
    admission::Admitted,
    wire,
    ws::{
        MAX_ANSWER, frames,
        socket::{Socket, Wakes},
    },
};

/// How long a command may stay unanswered, through however many streams.
const PATIENCE: Duration = Duration::from_secs(8);
/// How often the overdue are looked for.
const TICK: Duration = Duration::from_millis(250);
/// Submissions taken at once.
const CHUNK: usize = 1_024;

/// Where sockets give their commands. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Sends(UnboundedSender<Submission>);

/// The stream's side of it.
pub(crate) struct Sender {
    chat: Upstream,
    submissions: UnboundedReceiver<Submission>,
    taken: Vec<Submission>,
    unanswered: Unanswered,
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

impl Link for Sender {
    async fn work(&mut self) -> bool {
        let (requests, outgoing) = mpsc::channel(IN_FLIGHT);
        let mut client = self
            .chat
            .delivery_stream(&Caller::node("gateway"))
            .max_decoding_message_size(MAX_ANSWER);
        let opening = opened("writes", client.send(ReceiverStream::new(outgoing)));
        let Some(Some(mut replies)) = self.meanwhile(opening).await else {
            return false;
        };
        self.unanswered.begin_stream();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut has_worked = false;
        loop {
            tokio::select! {
                permit = requests.reserve(), if self.unanswered.has_unsent() => match permit {
                    Ok(permit) => permit.send(self.next_request()),
                    Err(_) => return has_worked,
                },
                count = self.submissions.recv_many(&mut self.taken, CHUNK) => {
                    if count == 0 {
                        return has_worked;
                    }
                    self.take();
                }
                response = next(&mut replies) => match response {
                    Ok(response) => {
                        has_worked = true;
                        self.answer(response.replies);
                    }
                    Err(status) => {
                        tracing::warn!(code = ?status.code(), "the stream of writes broke");
                        return has_worked;
                    }
                },
                _ = tick.tick() => self.give_up(),
            }
        }
    }

    async fn wait(&mut self, pause: Duration) {
        self.meanwhile(tokio::time::sleep(pause)).await;
        self.unanswered.drop_notices();
    }
}

impl Sender {
    /// Both sides.
    pub(crate) fn new(chat: Upstream) -> (Sends, Self) {
        let (sends, submissions) = mpsc::unbounded_channel();
        let sender = Self {
            chat,
            submissions,
            taken: Vec::new(),
            unanswered: Unanswered::default(),
        };
        (Sends(sends), sender)
    }

    /// Keeps a stream open until the shutdown.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        keep_open(self, shutdown).await;
    }

    /// Waits for something while there is no stream. What the sockets give meanwhile is kept, and answered when it is overdue.
    /// Nothing when the node ends.
    async fn meanwhile<T>(&mut self, something: impl Future<Output = T>) -> Option<T> {
        let mut tick = tokio::time::interval(TICK);
        tokio::pin!(something);
        loop {
            tokio::select! {
                it = &mut something => return Some(it),
                count = self.submissions.recv_many(&mut self.taken, CHUNK) => {
                    if count == 0 {
                        return None;
                    }
                    self.take();
                }
                _ = tick.tick() => self.give_up(),
            }
        }
    }

    fn take(&mut self) {
        for submission in self.taken.drain(..) {
            self.unanswered.add(submission);
        }
    }

    fn next_request(&mut self) -> SendRequest {
        let chat = &self.chat;
        let commands = self.unanswered.next_batch(|socket| {
            command::Command::Attach(Attach {
                caller: chat.sign(&Caller::User {
                    user_id: socket.user_id,
                    session_id: socket.session_id,
                }),
            })
        });
        SendRequest { commands }
    }

    fn answer(&mut self, replies: Vec<Reply>) {
        let mut wakes = Wakes::default();
        for Reply { request_id, result } in replies {
            if let Some(pending) = self.unanswered.answer(request_id) {
                let frame = frame_of(&pending, result);
                pending.socket.answer(frame, &mut wakes);
            }
        }
    }

    /// The outcome is unknown to us, and stays so; the client repeats with the same `client_id`.
    fn give_up(&mut self) {
        let mut wakes = Wakes::default();
        for pending in self.unanswered.expire(Instant::now()) {
            let failure = Failure::unavailable(Duration::from_secs(1));
            let frame = frames::err(Some(&pending.reference), &failure);
            pending.socket.answer(frame, &mut wakes);
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

fn frame_of(pending: &Pending, result: Option<reply::Result>) -> crate::ws::framing::Frame {
    let reference = &pending.reference;
    match result {
        Some(reply::Result::Message(response)) => {
            let Some(message) = response.message else {
                return frames::err(Some(reference), &Failure::internal());
            };
            let viewer = pending.socket.user_id.to_string();
            frames::ok(
                reference,
                &frames::Sent {
                    message: wire::Message::for_viewer(message, &viewer),
                    duplicate: response.duplicate,
                },
            )
        }
        Some(reply::Result::Read(position)) => frames::ok(
            reference,
            &frames::Position {
                last_read_seq: position.last_read_seq,
                unread_count: position.unread_count,
            },
        ),
        Some(reply::Result::Failure(failure)) => frames::err(Some(reference), &failure.into()),
        None => frames::err(Some(reference), &Failure::internal()),
    }
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
