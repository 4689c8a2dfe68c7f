//! What the person typed and the server has not acknowledged yet. [`Outbox`] is a pure state machine: it says what to
//! send next and takes in what came of it. Each send has a `client_id` that is chosen once, before the first attempt,
//! and never changes: repeating it is harmless, so an unknown outcome is simply sent again.
//!
//! Sends into one room keep their order: the next one leaves only when the one before it is settled. Rooms do not
//! wait for each other. A device keeps [`Outbox::entries`] on disk and restores them with [`Outbox::restore`].

#[cfg(test)]
mod tests;

use std::collections::{HashSet, VecDeque};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::{Message, MessageId, RoomId};

/// One thing to be said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Its name, chosen by the device.
    pub client_id: String,
    /// Where.
    pub room_id: RoomId,
    /// What.
    pub text: String,
    /// What it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
}

#[derive(Debug, Clone)]
struct Entry {
    pending: Pending,
    /// Set while an answer is awaited; a lost connection clears it.
    in_flight: bool,
}

/// What became of a refused send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It stays and goes out again, with the same `client_id`.
    Retries,
    /// It is over; show the person that it was not sent.
    Failed(Pending),
    /// It was not there any more.
    Unknown,
}

/// Sends that are not acknowledged yet, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Outbox {
    entries: VecDeque<Entry>,
}

impl Outbox {
    /// Takes over what was on disk. All of it goes out again: whether it arrived before is not known, and does not
    /// matter.
    pub fn restore(entries: impl IntoIterator<Item = Pending>) -> Self {
        let idle = |pending| Entry {
            pending,
            in_flight: false,
        };
        Self {
            entries: entries.into_iter().map(idle).collect(),
        }
    }

    /// What is not acknowledged yet, for the disk and for the screen.
    pub fn entries(&self) -> impl Iterator<Item = &Pending> {
        self.entries.iter().map(|entry| &entry.pending)
    }

    /// Whether everything is acknowledged.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes in something typed, under a fresh `client_id`, which it answers.
    pub fn push(
        &mut self,
        room_id: RoomId,
        text: impl Into<String>,
        reply_to: Option<MessageId>,
    ) -> String {
        let client_id = fresh_client_id();
        self.put(Pending {
            client_id: client_id.clone(),
            room_id,
            text: text.into(),
            reply_to,
        });
        client_id
    }

    /// Takes in something typed that has its `client_id` already.
    pub fn put(&mut self, pending: Pending) {
        self.entries.push_back(Entry {
            pending,
            in_flight: false,
        });
    }

    /// The next sends to put on the wire: the oldest of each room that has none in flight. They count as in flight
    /// from now on.
    pub fn take_due(&mut self) -> Vec<Pending> {
        let mut busy = HashSet::new();
        let mut due = Vec::new();
        for entry in &mut self.entries {
            let is_oldest_of_room = busy.insert(entry.pending.room_id);
            if is_oldest_of_room && !entry.in_flight {
                entry.in_flight = true;
                due.push(entry.pending.clone());
            }
        }
        due
    }

    /// Takes in a message of mine, from an `ok`, an `event` or a page of history: whichever comes first settles the
    /// send. Answers whether it was pending.
    pub fn settle(&mut self, message: &Message) -> bool {
        message
            .client_id
            .as_deref()
            .is_some_and(|client_id| self.settle_as(message.room_id, client_id))
    }

    /// The same by the names of the message.
    pub fn settle_as(&mut self, room_id: RoomId, client_id: &str) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| {
            entry.pending.client_id != client_id || entry.pending.room_id != room_id
        });
        self.entries.len() < before
    }

    /// Takes in a refusal. A retryable one (`unavailable`, `timeout`, `internal`, `rate_limited`) keeps the send,
    /// because its outcome is unknown or comes later.
    pub fn refuse(&mut self, client_id: &str, retryable: bool) -> Refusal {
        let Some(index) = self
            .entries
            .iter()
            .position(|entry| entry.pending.client_id == client_id)
        else {
            return Refusal::Unknown;
        };
        if retryable {
            self.entries[index].in_flight = false;
            return Refusal::Retries;
        }
        match self.entries.remove(index) {
            Some(entry) => Refusal::Failed(entry.pending),
            None => Refusal::Unknown,
        }
    }

    /// Takes in the loss of the connection: nothing is in flight any more, every outcome is unknown.
    pub fn disconnect(&mut self) {
        for entry in &mut self.entries {
            entry.in_flight = false;
        }
    }
}

/// A `client_id` that no other send of mine has.
#[expect(clippy::disallowed_methods, reason = "a device has no injected clock")]
pub fn fresh_client_id() -> String {
    Uuid::now_v7().to_string()
}
