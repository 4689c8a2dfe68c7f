//! The slots of this node by their keys: found, opened, swept. Owns the order in which the subscription stream hears of them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    Map, Socket,
    slot::{Key, Slot},
    subscriptions::Change,
};

/// Slots of one kind.
pub(crate) struct Slots<K: Key<S>, S: Socket>(Mutex<Map<K, Arc<Slot<K, S>>>>);

/// What the subscription stream has to be told, in order.
pub(crate) type Changes<S> = Mutex<VecDeque<Change<S>>>;

impl<K: Key<S>, S: Socket> Slots<K, S> {
    pub(crate) fn find(&self, key: K) -> Option<Arc<Slot<K, S>>> {
        self.lock().get(&key).cloned()
    }

    /// Finds or makes it; tells whether it is new. The change is noted under the lock, so that it cannot overtake the
    /// removal of the slot before.
    pub(crate) fn open(&self, key: K, changes: &Changes<S>) -> (Arc<Slot<K, S>>, bool) {
        let mut slots = self.lock();
        if let Some(slot) = slots.get(&key) {
            return (slot.clone(), false);
        }
        let slot = Arc::new(Slot::new(key));
        slots.insert(key, slot.clone());
        note(changes, Change::Add(K::any(slot.clone())));
        (slot, true)
    }

    pub(crate) fn all(&self) -> Vec<Arc<Slot<K, S>>> {
        self.lock().values().cloned().collect()
    }

    /// Gives up all of them.
    pub(crate) fn close_all(&self, changes: &Changes<S>) {
        let mut slots = self.lock();
        for (key, slot) in slots.drain() {
            slot.lock().is_closed = true;
            note(changes, key.remove());
        }
    }

    /// Removes slots that nobody has followed for `linger`; tells the stream under the lock, as in `open`.
    pub(crate) fn sweep(&self, now: Instant, linger: Duration, changes: &Changes<S>) -> bool {
        let mut slots = self.lock();
        let before = slots.len();
        slots.retain(|key, slot| {
            let is_idle = slot.close_if_idle(now, linger);
            if is_idle {
                note(changes, key.remove());
            }
            !is_idle
        });
        if slots.len() * 4 < slots.capacity() {
            slots.shrink_to_fit();
        }
        slots.len() < before
    }

    fn lock(&self) -> MutexGuard<'_, Map<K, Arc<Slot<K, S>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn note<S: Socket>(changes: &Changes<S>, change: Change<S>) {
    changes
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push_back(change);
}

impl<K: Key<S>, S: Socket> Default for Slots<K, S> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}
