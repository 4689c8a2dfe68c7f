//! Which positions are written when: the first advance of somebody in a room at once, those within the next second as one,
//! the newest, when it ends. Pure bookkeeping; the caller writes and says how it went.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use kith_ids::{RoomId, UserId};

/// At most one write of a position in this time.
const PAUSE: Duration = Duration::from_secs(1);
/// People with something remembered; past this a delivered position is forgotten, which costs a tick mark and nothing else.
const MAX_PEOPLE: usize = 100_000;

/// A seq that was reached, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) seq: i64,
    pub(crate) at: DateTime<Utc>,
}

/// How far somebody says they got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Advance {
    pub(crate) read: Option<Mark>,
    pub(crate) delivered: Option<Mark>,
}

/// An advance of one person in one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) room_id: RoomId,
    pub(crate) user_id: UserId,
    pub(crate) advance: Advance,
}

/// What waits, and what is being written.
#[derive(Debug, Default)]
pub(crate) struct Coalescer {
    people: HashMap<UserId, HashMap<RoomId, Entry>>,
    /// The process is ending: nothing waits any more.
    closed: bool,
}

#[derive(Debug)]
struct Entry {
    /// From when on the next write is allowed.
    next: Instant,
    waiting: Advance,
    /// Taken for writing and not settled yet; still counts for who asks.
    writing: Advance,
}

impl Advance {
    /// The newer of both, field by field.
    pub(crate) fn merge(self, other: Self) -> Self {
        Self {
            read: newer(self.read, other.read),
            delivered: newer(self.delivered, other.delivered),
        }
    }

    fn is_empty(&self) -> bool {
        self.read.is_none() && self.delivered.is_none()
    }
}

/// The higher of two marks; of two equal ones the first in time, which is when it was reached.
fn newer(a: Option<Mark>, b: Option<Mark>) -> Option<Mark> {
    match (a, b) {
        (Some(a), Some(b)) if b.seq > a.seq || (b.seq == a.seq && b.at < a.at) => Some(b),
        (None, b) => b,
        (a, _) => a,
    }
}

impl Coalescer {
    /// Remembers an advance for the next [`Self::take_due`].
    pub(crate) fn note(&mut self, moved: Moved, now: Instant) {
        if let Some(entry) = self.entry(&moved, now) {
            entry.waiting = entry.waiting.merge(moved.advance);
        }
    }

    /// Remembers an advance. Gives it back when the caller is to write it now, and then to [`Self::settle`] it.
    pub(crate) fn submit(&mut self, moved: Moved, now: Instant) -> Option<Moved> {
        let closed = self.closed;
        let Some(entry) = self.entry(&moved, now) else {
            return Some(moved);
        };
        entry.waiting = entry.waiting.merge(moved.advance);
        let now = if closed { now.max(entry.next) } else { now };
        entry.take(now).map(|advance| Moved { advance, ..moved })
    }

    /// From now on every advance is given back at once: nobody will come for what waits.
    pub(crate) const fn close(&mut self) {
        self.closed = true;
    }

    /// What is remembered of somebody in a room; none when there is no place for one more.
    fn entry(&mut self, moved: &Moved, now: Instant) -> Option<&mut Entry> {
        if self.people.len() >= MAX_PEOPLE && !self.people.contains_key(&moved.user_id) {
            return None;
        }
        let rooms = self.people.entry(moved.user_id).or_default();
        Some(rooms.entry(moved.room_id).or_insert_with(|| Entry {
            next: now,
            waiting: Advance::default(),
            writing: Advance::default(),
        }))
    }

    /// Takes what may be written by now, at most `limit`; all of it, whatever the time, when `now` is none.
    pub(crate) fn take_due(&mut self, now: Option<Instant>, limit: usize) -> Vec<Moved> {
        let mut due = Vec::new();
        self.people.retain(|&user_id, rooms| {
            rooms.retain(|&room_id, entry| {
                let time = now.unwrap_or(entry.next);
                if due.len() < limit
                    && let Some(advance) = entry.take(time)
                {
                    due.push(Moved {
                        room_id,
                        user_id,
                        advance,
                    });
                }
                !(entry.is_idle() && entry.next <= time)
            });
            !rooms.is_empty()
        });
        due
    }

    /// Ends a write. What was not written waits again; say `written` also for a failure that its caller hears of.
    pub(crate) fn settle(&mut self, moved: &Moved, written: bool) {
        let entry = self
            .people
            .get_mut(&moved.user_id)
            .and_then(|rooms| rooms.get_mut(&moved.room_id));
        if let Some(entry) = entry {
            let writing = std::mem::take(&mut entry.writing);
            if !written {
                entry.waiting = entry.waiting.merge(writing);
            }
        }
    }

    /// What is not in the tables yet of somebody in a room.
    pub(crate) fn find(&self, room: RoomId, user: UserId) -> Advance {
        self.people
            .get(&user)
            .and_then(|rooms| rooms.get(&room))
            .map_or_else(Advance::default, |entry| entry.waiting.merge(entry.writing))
    }

    /// Read positions of somebody that are not in the tables yet.
    pub(crate) fn list_read(&self, user: UserId) -> Vec<(RoomId, i64)> {
        self.people
            .get(&user)
            .into_iter()
            .flatten()
            .filter_map(|(&room, entry)| {
                let read = entry.waiting.merge(entry.writing).read?;
                Some((room, read.seq))
            })
            .collect()
    }
}

impl Entry {
    /// Moves what waits into writing, when a write is allowed and none is under way.
    fn take(&mut self, now: Instant) -> Option<Advance> {
        if self.waiting.is_empty() || !self.writing.is_empty() || now < self.next {
            return None;
        }
        self.writing = std::mem::take(&mut self.waiting);
        self.next = now + PAUSE;
        Some(self.writing)
    }

    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.writing.is_empty()
    }
}

#[cfg(test)]
mod tests;
