//! What all devices of a storm together have seen, and what of it must not be.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::ensure;

/// What everybody together has seen.
#[derive(Default)]
pub(super) struct Shared {
    /// Devices that are live.
    pub(super) live: AtomicUsize,
    /// Connections of bare devices begun after the node's end.
    pub(super) attempts: AtomicU64,
    /// … that the other node refused for now.
    pub(super) refused: AtomicU64,
    /// Nobody says anything any more.
    pub(super) quiet: AtomicBool,
    began: OnceLock<Instant>,
    back: Mutex<Vec<Duration>>,
    /// Highest acknowledged seq of each room.
    heads: Mutex<HashMap<String, u64>>,
    devices: Mutex<Vec<Arc<Mutex<Cursors>>>>,
    acknowledged: AtomicU64,
    pub(super) sends_refused: AtomicU64,
    gaps: AtomicU64,
    repeats: AtomicU64,
    /// `resumed` came before everything that was missed.
    pub(super) short: AtomicU64,
}

/// What a device has applied.
#[derive(Debug, Default)]
pub(super) struct Cursors {
    pub(super) epoch: u64,
    pub(super) useq: u64,
    pub(super) rooms: HashMap<String, u64>,
}

impl Shared {
    pub(super) fn begin_storm(&self, at: Instant) {
        let _ = self.began.set(at);
    }

    /// How long each took that is back.
    pub(super) fn back(&self) -> Vec<Duration> {
        lock(&self.back).clone()
    }

    /// Rooms of devices that are not where they should be.
    pub(super) fn lacking(&self) -> usize {
        let heads = lock(&self.heads);
        let lacking = |cursors: &Arc<Mutex<Cursors>>| {
            let cursors = lock(cursors);
            let lacks = |(room, seq): (&String, &u64)| heads.get(room).is_some_and(|it| seq < it);
            cursors.rooms.iter().filter(|it| lacks(*it)).count()
        };
        lock(&self.devices).iter().map(lacking).sum()
    }

    pub(super) fn verdict(&self) -> String {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        format!(
            "acknowledged {}, sends refused {}, rooms of devices that lack something {}, gaps {}, repeats {}, resumed too early {}",
            count(&self.acknowledged),
            count(&self.sends_refused),
            self.lacking(),
            count(&self.gaps),
            count(&self.repeats),
            count(&self.short),
        )
    }

    pub(super) fn assert_sound(&self) -> anyhow::Result<()> {
        let wrong = [&self.gaps, &self.repeats, &self.short];
        let sound = self.lacking() == 0 && wrong.iter().all(|it| it.load(Ordering::Relaxed) == 0);
        ensure!(sound, "not sound: {}", self.verdict());
        Ok(())
    }

    /// The cursors of one more device.
    pub(super) fn cursors(&self) -> Arc<Mutex<Cursors>> {
        let cursors = Arc::<Mutex<Cursors>>::default();
        lock(&self.devices).push(Arc::clone(&cursors));
        cursors
    }

    /// Whether the node has ended.
    pub(super) fn is_storm(&self) -> bool {
        self.began.get().is_some()
    }

    /// A device is live: for the first time, or back.
    pub(super) fn count_live(&self) {
        self.live.fetch_add(1, Ordering::Relaxed);
        if let Some(began) = self.began.get() {
            lock(&self.back).push(began.elapsed());
        }
    }

    /// It is not any more.
    pub(super) fn count_lost(&self) {
        self.live.fetch_sub(1, Ordering::Relaxed);
    }

    /// A device takes in an event.
    pub(super) fn apply(&self, cursors: &mut Cursors, room: &str, seq: u64) {
        let cursor = match cursors.rooms.get_mut(room) {
            Some(cursor) => cursor,
            None => cursors.rooms.entry(room.to_owned()).or_default(),
        };
        if seq <= *cursor {
            self.repeats.fetch_add(1, Ordering::Relaxed);
        } else if seq > *cursor + 1 {
            self.gaps.fetch_add(1, Ordering::Relaxed);
        }
        *cursor = seq.max(*cursor);
    }

    /// A send was acknowledged.
    pub(super) fn acknowledge(&self, room: &str, seq: u64) {
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
        let mut heads = lock(&self.heads);
        let head = heads.entry(room.to_owned()).or_default();
        *head = seq.max(*head);
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
