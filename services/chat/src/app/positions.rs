//! The positions of this node that are on their way into the tables.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use kith_ids::{RoomId, UserId};

use crate::domain::coalesce::{Advance, Coalescer, Moved};

/// The coalescer behind its lock, which is never held across an await.
#[derive(Debug, Default)]
pub(crate) struct Positions(Mutex<Coalescer>);

/// Positions that are being written. They are settled when this is dropped, also when the write was cancelled half-way: else
/// they would count as being written for ever.
#[derive(Debug)]
pub(crate) struct Writing<'a> {
    positions: &'a Positions,
    batch: Vec<Moved>,
}

impl Positions {
    fn coalescer(&self) -> MutexGuard<'_, Coalescer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers an advance, for the next flush.
    pub(crate) fn note(&self, moved: Moved) {
        self.coalescer().note(moved, Instant::now());
    }

    /// Remembers advances; gives what the caller is to write now, if anything.
    pub(crate) fn submit(&self, moves: Vec<Moved>) -> Option<Writing<'_>> {
        let now = Instant::now();
        let mut coalescer = self.coalescer();
        let due: Vec<Moved> = moves
            .into_iter()
            .filter_map(|moved| coalescer.submit(moved, now))
            .collect();
        drop(coalescer);
        (!due.is_empty()).then(|| self.writing(due))
    }

    /// Takes what may be written by now.
    pub(crate) fn take_due(&self, limit: usize) -> Option<Writing<'_>> {
        let due = self.coalescer().take_due(Some(Instant::now()), limit);
        (!due.is_empty()).then(|| self.writing(due))
    }

    /// Nobody will come for what waits: whoever submits from now on writes.
    pub(crate) fn close(&self) {
        self.coalescer().close();
    }

    /// Takes what waits, whenever it was last written.
    pub(crate) fn take_all(&self, limit: usize) -> Option<Writing<'_>> {
        let due = self.coalescer().take_due(None, limit);
        (!due.is_empty()).then(|| self.writing(due))
    }

    /// What is not in the tables yet of somebody in a room.
    pub(crate) fn find(&self, room: RoomId, user: UserId) -> Advance {
        self.coalescer().find(room, user)
    }

    /// Read positions of somebody that are not in the tables yet.
    pub(crate) fn list_read(&self, user: UserId) -> Vec<(RoomId, i64)> {
        self.coalescer().list_read(user)
    }

    const fn writing(&self, batch: Vec<Moved>) -> Writing<'_> {
        Writing {
            positions: self,
            batch,
        }
    }
}

impl Writing<'_> {
    /// What is being written; nothing once it was committed.
    pub(crate) fn batch(&self) -> &[Moved] {
        &self.batch
    }

    /// It was committed.
    pub(crate) fn written(&mut self) {
        self.settle(true);
    }

    fn settle(&mut self, written: bool) {
        let mut coalescer = self.positions.coalescer();
        for moved in self.batch.drain(..) {
            coalescer.settle(&moved, written);
        }
    }
}

impl<'a> Writing<'a> {
    /// The same, to be written one by one.
    pub(crate) fn apart(mut self) -> Vec<Writing<'a>> {
        let batch = std::mem::take(&mut self.batch);
        batch
            .into_iter()
            .map(|moved| self.positions.writing(vec![moved]))
            .collect()
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.settle(false);
    }
}
