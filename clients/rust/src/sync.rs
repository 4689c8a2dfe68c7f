//! Is this device complete? [`Cursors`] is a pure state machine that answers it: it holds the last applied entry of
//! every room's log and of the person's own log, and judges each arriving frame. It does no IO; whoever owns the
//! socket acts on its verdicts and stores what it applied together with the cursor.
//!
//! The rules, all of them:
//! - apply an event only when its `seq` is the cursor + 1; below is a repetition, above is a hole to fetch;
//! - an answer with `from_seq` above the cursor + 1 moves the cursor to `from_seq - 1`: what lies below is not ours
//!   to see, so it is no hole;
//! - `useq` must be contiguous live; while resuming it may have holes, because superseded entries are gone;
//! - cursors are worth nothing in another epoch.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::model::{Event, Ready, Resumed, RoomId};

/// What to do with a room event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the next one: apply it. The cursor has moved.
    Apply,
    /// It was applied before: drop it.
    Repeated,
    /// Something is missing: fetch after this `seq`, and do not apply this event now.
    Missing {
        /// The `after` of the fetch.
        after: u64,
    },
    /// The room is not tracked: load it, then [`Cursors::track`] it.
    Unknown,
}

/// What a `ready` means for what this device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The cursors are of this epoch.
    Continues,
    /// There was nothing, or it is of another epoch: load everything anew.
    Fresh,
}

/// The `resume` object of `hello`, and the body of the one-piece sync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// Epoch of the cursors.
    pub epoch: u64,
    /// Last applied entry of my own log.
    pub useq: u64,
    /// Last applied entry of each room; 0 means none.
    pub rooms: BTreeMap<RoomId, u64>,
}

/// Rooms that fit into one `resume`.
pub const MAX_RESUMED_ROOMS: usize = 500;

/// The cursors of one device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursors {
    /// Set by the first `ready`; ends with [`Cursors::invalidate`].
    epoch: Option<u64>,
    useq: u64,
    rooms: HashMap<RoomId, u64>,
    /// Rooms that I am no longer in, and the last `seq` that is mine; until that has come.
    ending: HashMap<RoomId, u64>,
    /// Rooms whose end has come: what of them is still on its way is nothing new.
    #[serde(skip)]
    ended: HashMap<RoomId, u64>,
    /// From a `ready` that answers a `resume` to its `resumed`.
    #[serde(skip)]
    resuming: bool,
}

impl Cursors {
    /// The object to send with the next `hello`; `None` before the first `ready`. Of more than 500 rooms those with
    /// the highest cursors go along; the heads in `ready` tell about the others.
    pub fn resume(&self) -> Option<Resume> {
        let mut rooms: Vec<_> = self.rooms.iter().map(|(&room, &seq)| (room, seq)).collect();
        rooms.sort_by_key(|&(room, seq)| (std::cmp::Reverse(seq), room));
        rooms.truncate(MAX_RESUMED_ROOMS);
        Some(Resume {
            epoch: self.epoch?,
            useq: self.useq,
            rooms: rooms.into_iter().collect(),
        })
    }

    /// Takes in `ready`. `resumed` says whether the `hello` carried a [`Resume`].
    pub fn ready(&mut self, ready: &Ready, resumed: bool) -> Standing {
        if resumed && self.epoch == Some(ready.epoch) {
            self.resuming = true;
            return Standing::Continues;
        }
        self.start(ready.epoch, ready.useq);
        Standing::Fresh
    }

    /// Begins anew at a head, as after a `ready` without a resume.
    pub fn start(&mut self, epoch: u64, useq: u64) {
        *self = Self {
            epoch: Some(epoch),
            useq,
            ..Self::default()
        };
    }

    /// Drops everything, after `cursor_invalid`: the next `hello` goes without a resume.
    pub fn invalidate(&mut self) {
        *self = Self::default();
    }

    /// Tracks a room that was loaded up to `seq`. Never moves a cursor back.
    pub fn track(&mut self, room: RoomId, seq: u64) {
        let cursor = self.rooms.entry(room).or_insert(seq);
        *cursor = seq.max(*cursor);
    }

    /// Takes in `room.added`: what I may see begins at `joined_seq`.
    pub fn room_added(&mut self, room: RoomId, joined_seq: u64) {
        self.ending.remove(&room);
        self.track(room, joined_seq.saturating_sub(1));
    }

    /// Takes in `room.removed`: nothing above `leave_seq` is mine to see. The two logs travel apart, so the room's own
    /// last event may come before or after. A cursor above it is of a later stay, which a fetch has shown already.
    pub fn room_removed(&mut self, room: RoomId, leave_seq: u64) {
        match self.rooms.get(&room) {
            Some(&cursor) if cursor < leave_seq => {
                self.ending.insert(room, leave_seq);
            }
            Some(&cursor) if cursor > leave_seq => {}
            _ => {
                self.forget(room);
                self.ended.insert(room, leave_seq);
            }
        }
    }

    /// Rooms whose stay is known to have ended and whose last entries have not come, with their cursors.
    pub fn ending(&self) -> BTreeMap<RoomId, u64> {
        let cursor = |room: &RoomId| Some((*room, *self.rooms.get(room)?));
        self.ending.keys().filter_map(cursor).collect()
    }

    /// Forgets a room whose stay has ended, if it has.
    pub fn end(&mut self, room: RoomId) {
        if let Some(&end) = self.ending.get(&room) {
            self.forget(room);
            self.ended.insert(room, end);
        }
    }

    /// Forgets a room.
    pub fn forget(&mut self, room: RoomId) {
        self.rooms.remove(&room);
        self.ending.remove(&room);
    }

    /// Last applied entry of a room's log; `None` when it is not tracked.
    pub fn room(&self, room: RoomId) -> Option<u64> {
        self.rooms.get(&room).copied()
    }

    /// Last applied entry of my own log.
    pub fn useq(&self) -> u64 {
        self.useq
    }

    /// Judges a room event, and moves the cursor when it is to be applied.
    pub fn event(&mut self, event: &Event) -> Verdict {
        let Some(cursor) = self.rooms.get_mut(&event.room_id) else {
            let ended = self.ended.get(&event.room_id);
            return match ended {
                Some(&end) if event.seq <= end => Verdict::Repeated,
                _ => Verdict::Unknown,
            };
        };
        if event.seq <= *cursor {
            return Verdict::Repeated;
        }
        if event.seq > *cursor + 1 {
            return Verdict::Missing { after: *cursor };
        }
        *cursor = event.seq;
        self.end_if_seen(event.room_id, event.seq);
        Verdict::Apply
    }

    /// Judges an entry of my own log. A hole is repaired by a resume or a one-piece sync from [`Cursors::useq`].
    pub fn user_event(&mut self, useq: u64) -> Verdict {
        if useq <= self.useq {
            return Verdict::Repeated;
        }
        if useq > self.useq + 1 && !self.resuming {
            return Verdict::Missing { after: self.useq };
        }
        self.useq = useq;
        Verdict::Apply
    }

    /// Judges an entry of my own log out of a one-piece sync, where superseded entries are gone.
    pub fn missed_user_event(&mut self, useq: u64) -> Verdict {
        if useq <= self.useq {
            return Verdict::Repeated;
        }
        self.useq = useq;
        Verdict::Apply
    }

    /// My own log is complete up to here: what is not there was superseded.
    pub fn reach(&mut self, useq: u64) {
        self.useq = self.useq.max(useq);
    }

    /// Takes in the beginning of a fetched stretch; to be called before its events are judged one by one.
    pub fn fetched(&mut self, room: RoomId, from_seq: u64) {
        self.track(room, from_seq.saturating_sub(1));
    }

    /// Takes in `resumed`: everything missed has been sent but the rooms that are too long, whose cursors move to
    /// their heads because they are paged by messages from there.
    pub fn resumed(&mut self, resumed: &Resumed) {
        self.resuming = false;
        self.useq = self.useq.max(resumed.useq);
        for room in &resumed.too_long {
            self.track(room.room_id, room.last_seq);
            self.end_if_seen(room.room_id, room.last_seq);
        }
    }

    /// Compares with heads (of `ready`, `heads` or `behind`): the tracked rooms that lack something, and the `after`
    /// of each one's fetch.
    pub fn behind(&self, heads: &HashMap<RoomId, u64>) -> Vec<(RoomId, u64)> {
        let mut behind: Vec<_> = heads
            .iter()
            .filter_map(|(&room, &head)| {
                Some((room, self.room(room).filter(|&cursor| cursor < head)?))
            })
            .collect();
        behind.sort_unstable();
        behind
    }

    /// Forgets a room once the end of my stay has come. What lies beyond it is of a later stay, which goes on.
    fn end_if_seen(&mut self, room: RoomId, seq: u64) {
        match self.ending.get(&room) {
            Some(&end) if seq == end => self.end(room),
            Some(&end) if seq > end => {
                self.ending.remove(&room);
            }
            _ => {}
        }
    }
}
