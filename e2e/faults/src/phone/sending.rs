//! How a device says things: what it has to say waits in the SDK's outbox and goes out over the socket or over REST,
//! sometimes over both at once, under one `client_id`, until somebody answers for good.

use std::time::Duration;

use futures::FutureExt as _;
use kith_sdk::{
    model::RoomId,
    outbox::Pending,
    rest::{ApiError, MessagePost, Posted},
    socket::{Link, SocketError},
};
use rand::RngExt as _;
use tokio::time::Instant;

use super::{Life, Shared};
use crate::history::{What, body_of, millis};

/// A server that has not answered by then never will; its own deadlines are shorter.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came of one attempt.
pub(super) enum Attempted {
    /// An answer.
    Done(Box<Posted>),
    /// Refused for good.
    Failed(String, String),
    /// It may have happened, and goes out again.
    Unknown(String, String),
    /// It was no send.
    Nothing,
}

impl Life {
    /// Puts something new into the outbox.
    pub(super) fn say_something(&mut self, room: RoomId) {
        let filling = if self.random.random_bool(0.05) {
            self.random.random_range(0..2_000)
        } else {
            self.random.random_range(0..40)
        };
        let shared = &self.shared;
        let number: u32 = self.random.random();
        let text = format!("{} {number:08x} {}", shared.name, "·".repeat(filling));
        let body = body_of(text.trim_end());
        let client_id = shared.lock().outbox.push(room, text.trim_end(), None);
        shared.note(What::Invoke {
            client_id,
            device: shared.name.clone(),
            user: shared.user,
            room,
            body,
        });
    }

    /// Sends what is due.
    pub(super) fn put_on_the_wire(&mut self, link: &Link, gate: usize) {
        let due = self.shared.lock().outbox.take_due();
        for pending in due {
            let dice = self.random.random_range(0..100);
            let pause = Duration::from_millis(self.random.random_range(100..600));
            if dice < 70 {
                self.try_by_socket(link, &pending, pause);
            }
            if dice >= 65 {
                self.try_by_rest(gate, &pending, pause);
            }
        }
    }

    fn try_by_socket(&mut self, link: &Link, pending: &Pending, pause: Duration) {
        let (shared, link) = (self.shared.clone(), link.clone());
        let (room, client_id, post) = (pending.room_id, pending.client_id.clone(), post(pending));
        shared.note(What::Try {
            client_id: client_id.clone(),
            by: "socket".to_owned(),
        });
        let attempt = async move {
            let answer = tokio::time::timeout(PATIENCE, link.send(room, &post)).await;
            let attempted = match answer {
                Ok(Ok(posted)) => return Attempted::Done(Box::new(posted)),
                Ok(Err(error)) => shared.judge_socket(client_id, &error),
                Err(_) => Attempted::Unknown(client_id, "hang".to_owned()),
            };
            tokio::time::sleep(pause).await;
            attempted
        };
        self.sends.push(attempt.boxed());
    }

    fn try_by_rest(&mut self, gate: usize, pending: &Pending, pause: Duration) {
        let (shared, api) = (self.shared.clone(), self.shared.gates[gate].clone());
        let (room, client_id, post) = (pending.room_id, pending.client_id.clone(), post(pending));
        shared.note(What::Try {
            client_id: client_id.clone(),
            by: "rest".to_owned(),
        });
        let attempt = async move {
            let answer = tokio::time::timeout(PATIENCE, api.post_message(room, &post)).await;
            let attempted = match answer {
                Ok(Ok(posted)) => return Attempted::Done(Box::new(posted)),
                Ok(Err(error)) => shared.judge_rest(client_id, &error),
                Err(_) => Attempted::Unknown(client_id, "hang".to_owned()),
            };
            tokio::time::sleep(pause).await;
            attempted
        };
        self.sends.push(attempt.boxed());
    }

    /// Reads a room as far as this device has it.
    pub(super) fn read(&mut self, link: &Link, room: RoomId) {
        let shared = self.shared.clone();
        let Some(seq) = shared.lock().cursors.room(room).filter(|seq| *seq > 0) else {
            return;
        };
        let link = link.clone();
        let asking = async move {
            let began = Instant::now();
            let answer = tokio::time::timeout(PATIENCE, link.read(room, seq)).await;
            if let Ok(Err(SocketError::Refused(refused))) = &answer {
                shared.note_refusal("read", None, &refused.code, true);
            }
            let answer = answer
                .ok()
                .and_then(Result::ok)
                .map(|moved| moved.last_read_seq);
            shared.note(What::Read {
                device: shared.name.clone(),
                room,
                seq,
                answer,
                ms: millis(began),
            });
            Attempted::Nothing
        };
        self.sends.push(asking.boxed());
    }
}

impl Shared {
    /// Takes in what came of an attempt.
    pub(super) fn settle(&self, attempted: Attempted) {
        let mut state = self.lock();
        match attempted {
            Attempted::Done(posted) => {
                let message = &posted.message;
                state.outbox.settle(message);
                self.note(What::Ok {
                    client_id: message.client_id.clone().unwrap_or_default(),
                    device: self.name.clone(),
                    id: message.id,
                    seq: message.seq,
                    duplicate: posted.duplicate,
                });
            }
            Attempted::Failed(client_id, code) => {
                state.outbox.refuse(&client_id, false);
                self.note(What::Fail { client_id, code });
            }
            Attempted::Unknown(client_id, code) => {
                state.outbox.refuse(&client_id, true);
                self.note(What::Unknown { client_id, code });
            }
            Attempted::Nothing => {}
        }
    }

    fn judge_socket(&self, client_id: String, error: &SocketError) -> Attempted {
        match error {
            SocketError::Refused(refused) => {
                self.note_refusal("send", None, &refused.code, true);
                if refused.retryable {
                    Attempted::Unknown(client_id, refused.code.clone())
                } else {
                    Attempted::Failed(client_id, refused.code.clone())
                }
            }
            SocketError::Closed(_) => Attempted::Unknown(client_id, "closed".to_owned()),
            SocketError::Unreadable(_) => {
                self.note_refusal("send", None, "unreadable", true);
                Attempted::Unknown(client_id, "unreadable".to_owned())
            }
        }
    }

    fn judge_rest(&self, client_id: String, error: &ApiError) -> Attempted {
        let code = error.code().unwrap_or("no answer").to_owned();
        if let Some(problem) = error.problem() {
            let hint = error.retry_after().is_some();
            self.note_refusal("post", Some(problem.status), &problem.code, hint);
            if !problem.retryable && !error.is_outcome_unknown() {
                return Attempted::Failed(client_id, code);
            }
        } else if let Some(status) = error.status() {
            self.note_refusal("post", Some(status), "unreadable", true);
        }
        Attempted::Unknown(client_id, code)
    }
}

fn post(pending: &Pending) -> MessagePost {
    MessagePost {
        client_id: pending.client_id.clone(),
        text: pending.text.clone(),
        reply_to: pending.reply_to,
    }
}
