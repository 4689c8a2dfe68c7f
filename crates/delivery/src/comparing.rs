//! Anti-entropy: compares the heads of all followed logs with chat's, every few seconds and whenever something may have
//! been lost. A live event that never came is found here; nothing depends on the bus.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use kith_ids::{RoomId, UserId};

use crate::{Effects, Logs, Map, RoomSlot, Socket, UserSlot};

/// Between two comparisons of one log, give or take a fifth.
pub const INTERVAL: Duration = Duration::from_secs(5);
/// Rooms, and people, a question.
const CHUNK: usize = 1_000;
/// A wall clock that went this much further than ours: the machine slept.
const CLOCK_JUMP: Duration = Duration::from_secs(2);
/// Between attempts to compare what was just subscribed.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Slots that are compared together.
#[derive(Debug)]
pub struct Batch<S: Socket> {
    /// Rooms.
    pub rooms: Vec<Arc<RoomSlot<S>>>,
    /// People.
    pub users: Vec<Arc<UserSlot<S>>>,
}

/// Chat's word. A log without entries is not named.
#[derive(Debug, Clone, Default)]
pub struct Heads {
    /// Read before the heads.
    pub epoch: u64,
    /// Where rooms end.
    pub rooms: Vec<(RoomId, u64)>,
    /// Where people's logs end.
    pub users: Vec<(UserId, u64)>,
}

/// A round of comparisons.
#[derive(Debug)]
pub struct Pulse<S: Socket> {
    chunks: VecDeque<Batch<S>>,
    between: Duration,
}

/// The first comparison of what was just subscribed, repeated until it works or the stream is another.
#[derive(Debug)]
pub struct Establishing<S: Socket> {
    stream: u64,
    chunks: VecDeque<Batch<S>>,
    pause: Duration,
}

impl<S: Socket> Batch<S> {
    fn chunks(&self) -> VecDeque<Self> {
        let count = self.rooms.len().max(self.users.len()).div_ceil(CHUNK);
        let mut rooms = self.rooms.chunks(CHUNK);
        let mut users = self.users.chunks(CHUNK);
        (0..count)
            .map(|_| Self {
                rooms: rooms.next().unwrap_or_default().to_vec(),
                users: users.next().unwrap_or_default().to_vec(),
            })
            .collect()
    }

    fn meet(&self, logs: &Logs<S>, heads: &Heads, establishing: bool, effects: &mut Effects<S>) {
        logs.meet_epoch(heads.epoch, effects);
        let rooms: Map<RoomId, u64> = heads.rooms.iter().copied().collect();
        let users: Map<UserId, u64> = heads.users.iter().copied().collect();
        for slot in &self.rooms {
            let head = rooms.get(&slot.key).copied().unwrap_or(0);
            Logs::meet_head(slot, head, establishing, effects);
        }
        for slot in &self.users {
            let head = users.get(&slot.key).copied().unwrap_or(0);
            Logs::meet_head(slot, head, establishing, effects);
        }
    }
}

impl<S: Socket> Pulse<S> {
    /// All logs of the node, spread over half of the interval unless it is urgent.
    pub fn new(logs: &Logs<S>, is_urgent: bool) -> Self {
        let chunks = logs.everything().chunks();
        let pieces = u32::try_from(chunks.len()).unwrap_or(u32::MAX).max(1);
        Self {
            chunks,
            between: if is_urgent {
                Duration::ZERO
            } else {
                INTERVAL / 2 / pieces
            },
        }
    }

    /// Whether the wall clock has walked so differently from ours that live events may have been slept over.
    pub fn has_jumped(elapsed: Duration, walked: Duration) -> bool {
        walked.abs_diff(elapsed) > CLOCK_JUMP
    }

    /// What to ask chat about now; none when the round is done.
    pub fn next(&self) -> Option<&Batch<S>> {
        self.chunks.front()
    }

    /// Takes the answer, and gives the pause before the next question.
    pub fn met(&mut self, logs: &Logs<S>, heads: &Heads, effects: &mut Effects<S>) -> Duration {
        if let Some(batch) = self.chunks.pop_front() {
            batch.meet(logs, heads, false, effects);
        }
        self.between
    }
}

impl<S: Socket> Establishing<S> {
    pub(crate) fn new(stream: u64, batch: &Batch<S>) -> Self {
        Self {
            stream,
            chunks: batch.chunks(),
            pause: PAUSE,
        }
    }

    /// What to ask chat about now; none when all is compared, or void.
    pub fn next(&self, logs: &Logs<S>) -> Option<&Batch<S>> {
        self.chunks.front().filter(|_| logs.is_current(self.stream))
    }

    /// Takes the answer; none when there was none. Gives the pause before the next question.
    pub fn met(
        &mut self,
        logs: &Logs<S>,
        heads: Option<&Heads>,
        effects: &mut Effects<S>,
    ) -> Duration {
        let Some(heads) = heads else {
            let pause = self.pause;
            self.pause = (pause * 2).min(LONGEST_PAUSE);
            return pause;
        };
        if let Some(batch) = self.chunks.pop_front() {
            batch.meet(logs, heads, true, effects);
        }
        Duration::ZERO
    }
}

impl<S: Socket> Clone for Batch<S> {
    fn clone(&self) -> Self {
        Self {
            rooms: self.rooms.clone(),
            users: self.users.clone(),
        }
    }
}

impl<S: Socket> Default for Batch<S> {
    fn default() -> Self {
        Self {
            rooms: Vec::new(),
            users: Vec::new(),
        }
    }
}
