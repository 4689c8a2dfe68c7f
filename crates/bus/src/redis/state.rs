//! What subscribers want, and what of it is in effect at which server.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use tokio::sync::{Notify, oneshot};

use super::{
    Space,
    link::{Homes, Link},
};
use crate::{Signal, inbox::Outlet};

/// What the subscribers and the links share. Its state is locked before its homes, never after.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) space: Space,
    state: Mutex<State>,
    homes: RwLock<Homes>,
    /// False while a cluster says that it takes no commands.
    pub(super) is_up: AtomicBool,
    /// The layout may have changed: a server is away, or says that it has not got a shard.
    pub(super) doubt: Notify,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) next_id: u64,
    pub(super) subscribers: HashMap<u64, Subscriber>,
    /// Subscribers of each shard.
    pub(super) wanted: HashMap<u16, usize>,
    /// Shards that their server has confirmed on its present connection.
    pub(super) confirmed: HashSet<u16>,
    pub(super) waiting: Vec<(Vec<u16>, oneshot::Sender<()>)>,
}

#[derive(Debug)]
pub(super) struct Subscriber {
    pub(super) shards: HashSet<u16>,
    pub(super) outlet: Outlet,
}

/// What a server must be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) missing: Vec<u16>,
    pub(super) unwanted: Vec<u16>,
}

impl Shared {
    pub(super) fn new(space: Space) -> Self {
        Self {
            space,
            state: Mutex::default(),
            homes: RwLock::default(),
            is_up: AtomicBool::new(false),
            doubt: Notify::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn homes(&self) -> RwLockReadGuard<'_, Homes> {
        self.homes.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts shards where the layout has them now. What moved is neither in effect nor waited for: its new server tells of
    /// an interruption once it has it.
    pub(super) fn rehome(&self, next: Homes) {
        let mut state = self.lock();
        let mut homes = self.homes.write().unwrap_or_else(PoisonError::into_inner);
        let moved = homes.moved(&next);
        for shard in &moved {
            if let Some(link) = next.of(*shard) {
                link.owes_word.store(true, Ordering::Release);
            }
        }
        *homes = next;
        state.give_up(|shard| moved.contains(&shard));
        for link in homes.links() {
            link.changed.notify_one();
        }
    }

    /// Hands a payload to its subscribers.
    pub(super) fn hear(&self, shard: u16, payload: &Bytes) {
        for subscriber in self.lock().subscribers.values() {
            if subscriber.shards.contains(&shard) {
                subscriber.outlet.put(Signal::Message {
                    shard,
                    payload: payload.clone(),
                });
            }
        }
    }

    pub(super) fn connected(&self, link: &Link) {
        // Under the lock, so that every shard is either in the first look at what is wanted or waited for.
        let _state = self.lock();
        link.owes_word.store(true, Ordering::Release);
        link.hears.store(true, Ordering::Release);
    }

    /// Payloads may have been lost.
    pub(super) fn interrupt(&self) {
        for subscriber in self.lock().subscribers.values() {
            subscriber.outlet.interrupt();
        }
    }

    /// Nobody waits for a dead connection: an interruption follows when there is a new one.
    pub(super) fn disconnected(&self, link: &Arc<Link>) {
        let mut state = self.lock();
        link.hears.store(false, Ordering::Release);
        let homes = self.homes();
        state.give_up(|shard| homes.is_home(link, shard));
    }

    /// What a link's server lacks and has too much. What it has too much counts as unsubscribed from here on: who wants it
    /// again waits for a new confirmation.
    pub(super) fn difference(&self, link: &Arc<Link>) -> Difference {
        let mut state = self.lock();
        let homes = self.homes();
        let here = |shard: &&u16| homes.is_home(link, **shard);
        let missing = state.wanted.keys().filter(here);
        let unwanted = state.confirmed.iter().filter(here);
        let difference = Difference {
            missing: missing
                .filter(|shard| !state.confirmed.contains(shard))
                .copied()
                .collect(),
            unwanted: unwanted
                .filter(|shard| !state.wanted.contains_key(shard))
                .copied()
                .collect(),
        };
        for shard in &difference.unwanted {
            state.confirmed.remove(shard);
        }
        difference
    }

    /// A link's server has confirmed shards; what moved on meanwhile does not count.
    pub(super) fn confirm(&self, link: &Arc<Link>, shards: Vec<u16>) {
        let mut state = self.lock();
        let homes = self.homes();
        let here = shards.into_iter().filter(|it| homes.is_home(link, *it));
        state.confirmed.extend(here);
        let confirmed = std::mem::take(&mut state.confirmed);
        state.stop_waiting(|shard| confirmed.contains(&shard));
        state.confirmed = confirmed;
    }
}

impl State {
    /// Takes shards out of the wanted ones.
    pub(super) fn release(&mut self, shards: impl IntoIterator<Item = u16>) {
        for shard in shards {
            if let Some(count) = self.wanted.get_mut(&shard) {
                *count -= 1;
                if *count == 0 {
                    self.wanted.remove(&shard);
                }
            }
        }
    }

    fn give_up(&mut self, is_lost: impl Fn(u16) -> bool) {
        self.confirmed.retain(|shard| !is_lost(*shard));
        self.stop_waiting(is_lost);
    }

    fn stop_waiting(&mut self, is_over: impl Fn(u16) -> bool) {
        self.waiting.retain_mut(|(shards, _)| {
            shards.retain(|shard| !is_over(*shard));
            // Dropping the sender is the answer.
            !shards.is_empty()
        });
    }
}
