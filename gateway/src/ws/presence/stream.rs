//! The stream to presence, opened again and again. A new stream knows nothing: all sockets connect again, and what they watch is watched again.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use kith_api::presence::v1::{
    self as wire, AttachRequest, answer, news::News as Kind, report::Report,
};
use kith_auth::Caller;
use kith_client::Upstream;
use kith_error::Failure;
use kith_ids::UserId;
use kith_runtime::Shutdown;
use tokio::{
    sync::mpsc::{self, UnboundedReceiver},
    time::{Instant, MissedTickBehavior},
};
use tokio_stream::wrappers::ReceiverStream;

use super::{
    Pending, Presences, Submission,
    table::{Table, of_wire},
};
use crate::ws::{
    MAX_ANSWER, frames,
    framing::Frame,
    socket::{Socket, Wakes},
    upstream::{IN_FLIGHT, Link, keep_open, next, opened},
};

/// How long a request may stay unanswered, through however many streams.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the overdue are looked for, and sockets that missed something are told anew.
const TICK: Duration = Duration::from_millis(500);
/// How often it beats until the service has said how often.
const BEAT: Duration = Duration::from_secs(5);
/// Submissions taken, and reports sent, at once.
const CHUNK: usize = 1_000;

/// The stream's side.
pub(crate) struct Attachment {
    presence: Upstream,
    /// The node leaves: its people are not said to go, they come back elsewhere.
    leaving: Shutdown,
    submissions: UnboundedReceiver<Submission>,
    taken: Vec<Submission>,
    table: Table,
    unsent: VecDeque<Report>,
    pending: HashMap<u64, Pending>,
    next_request: u64,
    beat: Duration,
}

impl Link for Attachment {
    async fn work(&mut self) -> bool {
        let (requests, outgoing) = mpsc::channel(IN_FLIGHT);
        let mut client = self
            .presence
            .presence_stream(&Caller::node("gateway"))
            .max_decoding_message_size(MAX_ANSWER);
        let opening = opened("presence", client.attach(ReceiverStream::new(outgoing)));
        let Some(Some(mut responses)) = self.meanwhile(opening).await else {
            return false;
        };
        self.begin();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut beat_at = Instant::now() + self.beat;
        let mut has_worked = false;
        loop {
            tokio::select! {
                permit = requests.reserve(), if !self.unsent.is_empty() => match permit {
                    Ok(permit) => permit.send(self.next_message()),
                    Err(_) => return has_worked,
                },
                count = self.submissions.recv_many(&mut self.taken, CHUNK) => {
                    if count == 0 {
                        return has_worked;
                    }
                    self.take();
                }
                response = next(&mut responses) => match response {
                    Ok(response) => {
                        has_worked = true;
                        self.hear(response.news);
                        beat_at = beat_at.min(Instant::now() + self.beat);
                    }
                    Err(status) => {
                        tracing::warn!(code = ?status.code(), "the stream to presence broke");
                        return has_worked;
                    }
                },
                () = tokio::time::sleep_until(beat_at) => {
                    beat_at = Instant::now() + self.beat;
                    // Ahead of everything: what waits may be much.
                    self.unsent.push_front(Report::Beat(wire::Beat {}));
                }
                _ = tick.tick() => {
                    self.give_up();
                    self.watch_again(true);
                }
            }
        }
    }

    async fn wait(&mut self, pause: Duration) {
        self.meanwhile(tokio::time::sleep(pause)).await;
        // A stream begins with everything: however long there is none, this does not pile up.
        self.unsent.clear();
    }
}

impl Attachment {
    /// Both sides.
    pub(crate) fn new(presence: Upstream, leaving: Shutdown) -> (Presences, Self) {
        let (presences, submissions) = Presences::channel();
        let attachment = Self {
            presence,
            leaving,
            submissions,
            taken: Vec::new(),
            table: Table::default(),
            unsent: VecDeque::new(),
            pending: HashMap::new(),
            next_request: 0,
            beat: BEAT,
        };
        (presences, attachment)
    }

    /// Keeps a stream open until the shutdown.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        keep_open(self, shutdown).await;
    }

    /// Waits for something while there is no stream. What sockets submit meanwhile is kept, and answered when it is overdue.
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

    /// Everybody connects, then everything that is unanswered is said again, then every list is watched again.
    fn begin(&mut self) {
        self.unsent.clear();
        let connects: Vec<Report> = self
            .table
            .all()
            .map(|socket| self.connect(socket))
            .collect();
        self.unsent.extend(connects);
        self.pending
            .retain(|_, pending| pending.reference.is_some());
        let mut asked: Vec<(u64, Report)> = self
            .pending
            .iter()
            .map(|(id, pending)| (*id, pending.report.clone()))
            .collect();
        asked.sort_unstable_by_key(|(id, _)| *id);
        self.unsent
            .extend(asked.into_iter().map(|(_, report)| report));
        self.watch_again(false);
    }

    fn watch_again(&mut self, only_missed: bool) {
        let next_request = &mut self.next_request;
        let watches = self.table.rewatch(only_missed, || {
            *next_request += 1;
            *next_request
        });
        for (socket, request, user_ids) in watches {
            let report = watch(request, socket.id, &user_ids);
            self.ask(request, socket, None, report);
        }
    }

    fn take(&mut self) {
        for submission in std::mem::take(&mut self.taken) {
            match submission {
                Submission::Opened(socket) => {
                    self.unsent.push_back(self.connect(&socket));
                    self.table.open(&socket);
                }
                Submission::Closed(id) => {
                    if self.table.close(id) && !self.leaving.is_signalled() {
                        let socket_id = id;
                        self.unsent
                            .push_back(Report::Disconnect(wire::Disconnect { socket_id }));
                    }
                }
                Submission::Watch {
                    socket,
                    reference,
                    user_ids,
                } => {
                    let request = self.request();
                    self.table.watch(socket.id, request, &user_ids);
                    let report = watch(request, socket.id, &user_ids);
                    self.ask(request, socket, Some(reference), report);
                }
                Submission::Status {
                    socket,
                    reference,
                    status,
                } => {
                    let request_id = self.request();
                    let report = Report::SetStatus(wire::SetStatus {
                        request_id,
                        socket_id: socket.id,
                        choice: wire::Choice::from(status.choice).into(),
                        custom: status.custom.map(Into::into),
                    });
                    self.ask(request_id, socket, Some(reference), report);
                }
            }
        }
    }

    fn ask(
        &mut self,
        request: u64,
        socket: Arc<Socket>,
        reference: Option<String>,
        report: Report,
    ) {
        self.unsent.push_back(report.clone());
        let pending = Pending {
            socket,
            reference,
            deadline: Instant::now() + PATIENCE,
            report,
        };
        self.pending.insert(request, pending);
    }

    fn connect(&self, socket: &Socket) -> Report {
        Report::Connect(wire::Connect {
            socket_id: socket.id,
            caller: self.presence.sign(&Caller::User {
                user_id: socket.user_id,
                session_id: socket.session_id,
            }),
        })
    }

    fn request(&mut self) -> u64 {
        self.next_request += 1;
        self.next_request
    }

    fn next_message(&mut self) -> AttachRequest {
        let count = self.unsent.len().min(CHUNK);
        AttachRequest {
            reports: self
                .unsent
                .drain(..count)
                .map(|report| wire::Report {
                    report: Some(report),
                })
                .collect(),
        }
    }

    fn hear(&mut self, news: Vec<wire::News>) {
        let mut wakes = Wakes::default();
        for news in news {
            match news.news {
                Some(Kind::Welcome(welcome)) => {
                    self.beat = Duration::from_millis(welcome.beat_interval_ms.max(1));
                }
                Some(Kind::Answer(answer)) => self.answer(answer, &mut wakes),
                Some(Kind::Change(change)) => {
                    if let Some(presence) = &change.presence {
                        self.table.show(presence, &change.socket_ids, &mut wakes);
                    }
                }
                None => {}
            }
        }
    }

    fn answer(&mut self, answer: wire::Answer, wakes: &mut Wakes) {
        let request = answer.request_id;
        let Some(pending) = self.pending.remove(&request) else {
            return;
        };
        let socket = pending.socket;
        let frame = match (answer.result, &pending.reference) {
            (Some(answer::Result::Watched(watched)), Some(reference)) => {
                self.table
                    .note_answer(socket.id, request, &watched.presences);
                let presences = watched.presences.iter().map(of_wire).collect();
                frames::ok(reference, &frames::Watched { presences })
            }
            (Some(answer::Result::Watched(watched)), None) => {
                for presence in &watched.presences {
                    self.table.show(presence, &[socket.id], wakes);
                }
                return;
            }
            (Some(answer::Result::Done(wire::Done {})), Some(reference)) => {
                frames::ok(reference, &frames::Nothing {})
            }
            (Some(answer::Result::Failure(failure)), Some(reference)) => {
                self.table.forget_watch(socket.id, request);
                frames::err(Some(reference), &failure.into())
            }
            (_, Some(reference)) => frames::err(Some(reference), &Failure::internal()),
            (_, None) => {
                self.table.miss(socket.id);
                return;
            }
        };
        socket.answer(frame, wakes);
    }

    /// Who waits for too long is told so.
    fn give_up(&mut self) {
        let now = Instant::now();
        let mut wakes = Wakes::default();
        let overdue = self
            .pending
            .extract_if(|_, pending| pending.deadline <= now);
        let overdue: Vec<(u64, Pending)> = overdue.collect();
        for (request, pending) in overdue {
            if let Some(reference) = &pending.reference {
                self.table.forget_watch(pending.socket.id, request);
                pending.socket.answer(unavailable(reference), &mut wakes);
            } else {
                self.table.miss(pending.socket.id);
            }
        }
    }
}

fn watch(request_id: u64, socket_id: u64, user_ids: &[UserId]) -> Report {
    Report::Watch(wire::Watch {
        request_id,
        socket_id,
        user_ids: user_ids.iter().map(ToString::to_string).collect(),
    })
}

fn unavailable(reference: &str) -> Frame {
    frames::err(
        Some(reference),
        &Failure::unavailable(Duration::from_secs(1)),
    )
}

#[cfg(test)]
mod tests {
    use kith_auth::{CallerSigner, ClusterKey};
    use kith_client::pipe;
    use kith_clock::Clock;
    use kith_runtime::Tasks;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_gets_overdue_while_a_stream_is_being_opened_is_answered_then() {
        let clock = Clock::system();
        // Takes connections, and never says anything.
        let (channel, _incoming) = pipe();
        let signer = CallerSigner::new(ClusterKey::new([42; 32]), clock.clone());
        let upstream = Upstream::new(channel, signer, PATIENCE);
        let (presences, attachment) = Attachment::new(upstream, Shutdown::new());
        let tasks = Tasks::new(Shutdown::new());
        tasks.spawn("attachment", attachment.run(tasks.shutdown().clone()));
        let socket = Socket::new(1, clock.new_id().into(), clock.new_id().into());
        let socket = Arc::new(socket);
        presences.opened(&socket);
        // An opening is given up after four seconds: this gets overdue in the middle of the second one.
        sleep(Duration::from_millis(1_500)).await;
        let began = Instant::now();

        presences.watch(&socket, "a".to_owned(), vec![clock.new_id().into()]);
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
