//! Leases of a process that is alone, and of tests that run several nodes in one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{LeaseRead, LeaseWrite};
use crate::domain::roster::LeaseId;

#[derive(Debug, Clone, Default)]
pub(super) struct Memory(Arc<Mutex<HashMap<LeaseId, Lease>>>);

#[derive(Debug)]
struct Lease {
    ends: Instant,
    content: LeaseRead,
}

impl Memory {
    pub(super) fn write(&self, id: LeaseId, write: &LeaseWrite, life: Duration) -> bool {
        let mut leases = self.live();
        let was_there = leases.contains_key(&id);
        let lease = leases.entry(id).or_insert_with(|| Lease {
            ends: Instant::now(),
            content: LeaseRead {
                revision: 0,
                people: HashMap::new(),
            },
        });
        lease.ends = Instant::now() + life;
        lease.content.revision = write.revision;
        if write.everything {
            lease.content.people.clear();
        }
        for user in &write.removed {
            lease.content.people.remove(user);
        }
        lease.content.people.extend(write.put.iter().cloned());
        was_there || write.everything
    }

    pub(super) fn renew(&self, id: LeaseId, life: Duration) -> bool {
        self.live().get_mut(&id).is_some_and(|lease| {
            lease.ends = Instant::now() + life;
            true
        })
    }

    pub(super) fn list(&self) -> Vec<(LeaseId, u64)> {
        self.live()
            .iter()
            .map(|(id, lease)| (*id, lease.content.revision))
            .collect()
    }

    pub(super) fn find(&self, id: LeaseId) -> Option<LeaseRead> {
        self.live().get(&id).map(|lease| lease.content.clone())
    }

    /// Those that have not ended.
    fn live(&self) -> MutexGuard<'_, HashMap<LeaseId, Lease>> {
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        leases.retain(|_, lease| lease.ends > now);
        leases
    }
}
