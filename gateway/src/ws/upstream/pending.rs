//! Commands that wait for their answers, in the order in which the sockets gave them. Pure bookkeeping: what to send on which
//! stream, whom to answer, what has waited too long.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::Arc,
};

use kith_api::chat::v1::{Command, Detach, command};
use tokio::time::Instant;

use crate::{admission::Admitted, ws::socket::Socket};

/// Commands in one request.
const BATCH: usize = 512;

/// A command that will be answered.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) socket: Arc<Socket>,
    /// The client's `ref`.
    pub(crate) reference: Box<str>,
    pub(crate) command: command::Command,
    pub(crate) deadline: Instant,
    /// The trace that the frame began, when traces are collected.
    pub(crate) traceparent: Option<String>,
    /// Its place among the node's commands.
    #[expect(dead_code, reason = "free again when this is dropped")]
    pub(crate) admitted: Admitted,
}

/// What the sockets give.
#[derive(Debug)]
pub(crate) enum Submission {
    /// Answered, and repeated on the next stream when this one breaks.
    Request(Pending),
    /// Not answered and not repeated.
    Notice(Arc<Socket>, command::Command),
    /// The socket has closed.
    Gone(u64),
}

/// Everything unanswered.
#[derive(Debug, Default)]
pub(crate) struct Unanswered {
    pending: BTreeMap<u64, Pending>,
    /// Not yet sent on this stream.
    unsent: VecDeque<Unsent>,
    attached: HashSet<u64>,
    last_id: u64,
}

#[derive(Debug)]
enum Unsent {
    Request(u64),
    Notice(Arc<Socket>, command::Command),
    Gone(u64),
}

impl Unanswered {
    /// Takes a submission into the queue.
    pub(crate) fn add(&mut self, submission: Submission) {
        self.unsent.push_back(match submission {
            Submission::Request(pending) => {
                self.last_id += 1;
                self.pending.insert(self.last_id, pending);
                Unsent::Request(self.last_id)
            }
            Submission::Notice(socket, command) => Unsent::Notice(socket, command),
            Submission::Gone(id) => Unsent::Gone(id),
        });
    }

    /// A new stream begins: nobody is attached, and everything unanswered is sent again, oldest first.
    pub(crate) fn begin_stream(&mut self) {
        self.attached.clear();
        self.unsent = self.pending.keys().copied().map(Unsent::Request).collect();
    }

    /// There is no stream: what is not repeated is lost.
    pub(crate) fn drop_notices(&mut self) {
        self.unsent
            .retain(|unsent| matches!(unsent, Unsent::Request(_)));
    }

    /// Whether something is to be sent.
    pub(crate) fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// The next commands for the wire. `sign` makes a socket's caller context.
    pub(crate) fn next_batch(
        &mut self,
        sign: impl Fn(&Socket) -> command::Command,
    ) -> Vec<Command> {
        let mut commands = Vec::with_capacity(self.unsent.len().min(BATCH));
        while commands.len() < BATCH
            && let Some(unsent) = self.unsent.pop_front()
        {
            match unsent {
                Unsent::Request(id) => {
                    // It may have waited too long in the meantime.
                    if let Some(pending) = self.pending.get(&id) {
                        attach(&mut self.attached, &pending.socket, &sign, &mut commands);
                        commands.push(Command {
                            request_id: id,
                            handle: pending.socket.id,
                            command: Some(pending.command.clone()),
                            traceparent: pending.traceparent.clone(),
                        });
                    }
                }
                Unsent::Notice(socket, command) => {
                    attach(&mut self.attached, &socket, &sign, &mut commands);
                    commands.push(silent(socket.id, command));
                }
                Unsent::Gone(id) => {
                    if self.attached.remove(&id) {
                        commands.push(silent(id, command::Command::Detach(Detach {})));
                    }
                }
            }
        }
        commands
    }

    /// Whom a reply answers; nobody when they have been told already that it takes too long.
    pub(crate) fn answer(&mut self, request_id: u64) -> Option<Pending> {
        self.pending.remove(&request_id)
    }

    /// Those that have waited too long. Deadlines rise with the ids.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<Pending> {
        let mut expired = Vec::new();
        while let Some(first) = self.pending.first_entry()
            && first.get().deadline <= now
        {
            expired.push(first.remove());
        }
        expired
    }
}

/// Presents a socket's caller once a stream, before its first command.
fn attach(
    attached: &mut HashSet<u64>,
    socket: &Socket,
    sign: impl Fn(&Socket) -> command::Command,
    commands: &mut Vec<Command>,
) {
    if attached.insert(socket.id) {
        commands.push(silent(socket.id, sign(socket)));
    }
}

fn silent(handle: u64, command: command::Command) -> Command {
    Command {
        request_id: 0,
        handle,
        command: Some(command),
        traceparent: None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kith_api::chat::v1::{Attach, MarkRoomAsRead};
    use kith_clock::Clock;

    use super::*;
    use crate::{Config, admission::Admission};

    fn socket(id: u64) -> Arc<Socket> {
        let clock = Clock::system();
        Arc::new(Socket::new(
            id,
            clock.new_id().into(),
            clock.new_id().into(),
        ))
    }

    fn read(seq: u64) -> command::Command {
        command::Command::MarkRoomAsRead(MarkRoomAsRead {
            room_id: "r".to_owned(),
            seq,
        })
    }

    fn request(socket: &Arc<Socket>, seq: u64, deadline: Instant) -> Submission {
        Submission::Request(Pending {
            socket: socket.clone(),
            reference: "a".into(),
            command: read(seq),
            deadline,
            traceparent: None,
            admitted: Admission::new(&Config::for_test()).admit_send().unwrap(),
        })
    }

    fn batch(unanswered: &mut Unanswered) -> Vec<(u64, u64, String)> {
        unanswered
            .next_batch(|socket| {
                command::Command::Attach(Attach {
                    caller: socket.id.to_string(),
                })
            })
            .into_iter()
            .map(|command| {
                let word = match command.command.unwrap() {
                    command::Command::Attach(_) => "attach".to_owned(),
                    command::Command::Detach(_) => "detach".to_owned(),
                    command::Command::MarkRoomAsRead(it) => it.seq.to_string(),
                    _ => "other".to_owned(),
                };
                (command.request_id, command.handle, word)
            })
            .collect()
    }

    fn row(id: u64, handle: u64, word: &str) -> (u64, u64, String) {
        (id, handle, word.to_owned())
    }

    #[test]
    fn a_broken_stream_repeats_what_is_unanswered_in_its_order_after_attaching_again() {
        let (one, two) = (socket(1), socket(2));
        let deadline = Instant::now() + Duration::from_secs(8);
        let mut unanswered = Unanswered::default();
        for submission in [
            request(&one, 11, deadline),
            request(&two, 21, deadline),
            Submission::Notice(one.clone(), read(0)),
            request(&one, 12, deadline),
        ] {
            unanswered.add(submission);
        }

        let first = batch(&mut unanswered);
        unanswered.answer(2).unwrap();
        unanswered.add(request(&one, 13, deadline));
        unanswered.begin_stream();
        let second = batch(&mut unanswered);

        assert_eq!(
            first,
            [
                row(0, 1, "attach"),
                row(1, 1, "11"),
                row(0, 2, "attach"),
                row(2, 2, "21"),
                row(0, 1, "0"),
                row(3, 1, "12"),
            ]
        );
        assert_eq!(
            second,
            [
                row(0, 1, "attach"),
                row(1, 1, "11"),
                row(3, 1, "12"),
                row(4, 1, "13"),
            ]
        );
    }

    #[test]
    fn only_an_attached_socket_is_detached() {
        let one = socket(1);
        let mut unanswered = Unanswered::default();
        unanswered.add(Submission::Notice(one, read(1)));
        unanswered.add(Submission::Gone(1));
        unanswered.add(Submission::Gone(2));

        assert_eq!(
            batch(&mut unanswered),
            [row(0, 1, "attach"), row(0, 1, "1"), row(0, 1, "detach")]
        );
    }

    #[test]
    fn what_has_waited_too_long_is_neither_sent_nor_answered_later() {
        let one = socket(1);
        let now = Instant::now();
        let mut unanswered = Unanswered::default();
        unanswered.add(request(&one, 1, now));
        unanswered.add(request(&one, 2, now + Duration::from_secs(8)));

        let expired = unanswered.expire(now);

        assert_eq!(expired.len(), 1);
        assert!(unanswered.answer(1).is_none());
        assert_eq!(
            batch(&mut unanswered),
            [row(0, 1, "attach"), row(2, 1, "2")]
        );
    }
}
