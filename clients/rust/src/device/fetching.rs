//! Which rooms are being fetched, and up to where they must be: one fetch a room at a time, repeated until the cursor is there.

use std::{collections::BTreeMap, time::Instant};

use crate::{model::RoomId, sync::Cursors};

/// The rooms that lack something. In order, so that a run replays exactly.
#[derive(Debug, Default)]
pub(super) struct Fetching(BTreeMap<RoomId, Want>);

#[derive(Debug)]
struct Want {
    /// There is something up to here.
    upto: u64,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// To be asked for at least once, wherever the cursor stands.
    New,
    Asked,
    Answered,
    RetryAt(Instant),
    /// The room itself is not known yet.
    Loading,
}

impl Fetching {
    /// The room has something up to `upto` that has to be fetched.
    pub(super) fn want(&mut self, room: RoomId, upto: u64) {
        let want = self.0.entry(room).or_insert(Want {
            upto,
            state: State::New,
        });
        want.upto = want.upto.max(upto);
    }

    /// The room must be loaded first; false when that is under way.
    pub(super) fn load(&mut self, room: RoomId, upto: u64) -> bool {
        let is_new = !self.0.contains_key(&room);
        self.want(room, upto);
        if is_new && let Some(want) = self.0.get_mut(&room) {
            want.state = State::Loading;
        }
        is_new
    }

    /// What came is not taken: it is asked for again once the room is known.
    pub(super) fn postpone(&mut self, room: RoomId, upto: u64) {
        self.want(room, upto);
        if let Some(want) = self.0.get_mut(&room) {
            want.state = State::Loading;
        }
    }

    /// The fetches to make now.
    pub(super) fn take_due(&mut self, cursors: &Cursors) -> Vec<(RoomId, u64)> {
        let mut due = Vec::new();
        self.0.retain(|&room, want| {
            let Some(cursor) = cursors.room(room) else {
                // Loading, or not ours any more; what comes of a fetch under way is not needed.
                return want.state == State::Loading;
            };
            match want.state {
                State::Asked | State::RetryAt(_) => return true,
                State::Answered if cursor >= want.upto => return false,
                State::New | State::Answered | State::Loading => {}
            }
            want.state = State::Asked;
            due.push((room, cursor));
            true
        });
        due
    }

    /// An answer came, from a log that ended at `head`.
    pub(super) fn done(&mut self, room: RoomId, head: u64) {
        if let Some(want) = self.0.get_mut(&room) {
            want.upto = want.upto.max(head);
            want.state = State::Answered;
        }
    }

    /// An answer came that did not reach the head.
    pub(super) fn again(&mut self, room: RoomId) {
        if let Some(want) = self.0.get_mut(&room) {
            want.state = State::New;
        }
    }

    /// No answer came.
    pub(super) fn failed(&mut self, room: RoomId, retry_at: Instant) {
        if let Some(want) = self.0.get_mut(&room) {
            want.state = State::RetryAt(retry_at);
        }
    }

    pub(super) fn forget(&mut self, room: RoomId) {
        self.0.remove(&room);
    }

    /// When the next retry is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.0
            .values()
            .filter_map(|want| match want.state {
                State::RetryAt(at) => Some(at),
                _ => None,
            })
            .min()
    }

    pub(super) fn wake(&mut self, now: Instant) {
        for want in self.0.values_mut() {
            if matches!(want.state, State::RetryAt(at) if at <= now) {
                want.state = State::New;
            }
        }
    }
}
