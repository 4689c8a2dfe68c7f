//! Reads what a log lacks, page by page, until it lacks nothing: at most one reading a log. Whoever carries it out asks
//! [`Filling::next`] what to read, reads it, and gives what came to [`Filling::took`].

use std::{sync::Arc, time::Duration};

use crate::{
    Effects, Socket,
    log::Reading,
    slot::{Key, Slot},
};

/// Between attempts that failed.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The reading of one log.
#[derive(Debug)]
pub struct Filling {
    pause: Duration,
}

/// What one attempt gave: entries above the cursor that was asked for, in order, and where the log ends.
#[derive(Debug)]
pub struct Page<E> {
    /// The entries.
    pub entries: Vec<Arc<E>>,
    /// Where the log ended, read not later than the entries.
    pub head: u64,
}

impl Filling {
    /// After which seq to read now; none when the log is complete. Nothing else ends the reading, under the same lock that
    /// would start another.
    pub fn next<K: Key<S>, S: Socket>(
        &self,
        slot: &Slot<K, S>,
        effects: &mut Effects<S>,
    ) -> Option<u64> {
        let mut log = slot.lock();
        let after = if log.is_closed {
            None
        } else {
            log.wants_reading(effects)
        };
        log.is_read = after.is_some();
        after
    }

    /// Takes what a reading after `after` gave; none when it failed. Gives the pause before the next attempt, if one is due.
    pub fn took<K: Key<S>, S: Socket>(
        &mut self,
        slot: &Slot<K, S>,
        after: u64,
        page: Option<Page<S::Entry>>,
        effects: &mut Effects<S>,
    ) -> Option<Duration> {
        if let Some(page) = page {
            let reading = K::reading(after, page);
            let has_progressed = reading.through > after;
            let mut log = slot.lock();
            // Of a log that was given up nothing may be told any more: this may be of another epoch.
            if !log.is_closed {
                log.apply_reading(reading, effects);
            }
            if has_progressed {
                self.pause = PAUSE;
                return None;
            }
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        Some(pause)
    }
}

impl Default for Filling {
    fn default() -> Self {
        Self { pause: PAUSE }
    }
}

/// A room's log has no holes, so it is complete up to the last entry that came.
pub(crate) fn without_holes<E: crate::Entry>(after: u64, page: Page<E>) -> Reading<E> {
    Reading {
        after,
        through: page.entries.last().map_or(after, |entry| entry.seq()),
        entries: page.entries,
        head: page.head,
    }
}

/// A person's log has holes where entries were superseded; an empty page reaches the head over them.
pub(crate) fn with_holes<E: crate::Entry>(after: u64, page: Page<E>) -> Reading<E> {
    Reading {
        after,
        through: page
            .entries
            .last()
            .map_or(page.head.max(after), |entry| entry.seq()),
        entries: page.entries,
        head: page.head,
    }
}
