//! The slots of this node by their keys: found, opened, swept. Owns the order in which the subscription stream hears of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use super::{
    Change,
    slot::{LogKey, Slot},
};

/// Slots of one kind.
pub(super) struct Slots<K: LogKey>(Mutex<HashMap<K, Arc<Slot<K>>>>);

impl<K: LogKey> Slots<K> {
    pub(super) fn find(&self, key: K) -> Option<Arc<Slot<K>>> {
        self.lock().get(&key).cloned()
    }

    /// Finds or makes it. The change is sent under the lock, so that it cannot overtake the removal of the slot before.
    pub(super) fn open(
        &self,
        key: K,
        changes: &mpsc::UnboundedSender<Change>,
        add: fn(Arc<Slot<K>>) -> Change,
    ) -> Arc<Slot<K>> {
        let mut slots = self.lock();
        if let Some(slot) = slots.get(&key) {
            return slot.clone();
        }
        let slot = Arc::new(Slot::new(key));
        slots.insert(key, slot.clone());
        // Fails only when the node ends.
        let _ = changes.send(add(slot.clone()));
        slot
    }

    pub(super) fn all(&self) -> Vec<Arc<Slot<K>>> {
        self.lock().values().cloned().collect()
    }

    pub(super) fn take_all(&self) -> Vec<Arc<Slot<K>>> {
        self.lock().drain().map(|(_, slot)| slot).collect()
    }

    /// Removes slots that nobody has followed for `linger`; tells the stream under the lock, as in `open`.
    pub(super) fn sweep(
        &self,
        now: Instant,
        linger: Duration,
        changes: &mpsc::UnboundedSender<Change>,
        remove: fn(K) -> Change,
    ) {
        let mut slots = self.lock();
        slots.retain(|key, slot| {
            let is_idle = slot.close_if_idle(now, linger);
            if is_idle {
                // Fails only when the node ends.
                let _ = changes.send(remove(*key));
            }
            !is_idle
        });
        if slots.len() * 4 < slots.capacity() {
            slots.shrink_to_fit();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Arc<Slot<K>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: LogKey> Default for Slots<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}
