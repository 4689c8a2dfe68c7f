//! A log with its lock, and what may be known of it without the lock.

use std::{
    fmt::{Debug, Display},
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use kith_ids::{RoomId, UserId};

use crate::{
    Effects, Page, Reading, Socket,
    effects::AnySlot,
    filling,
    log::{Log, Receiver},
    seats::{RoomSeat, UserSeat},
    subscriptions::Change,
};

/// Followers of a room that are further behind than this page for themselves.
const TOO_LONG: u64 = 1_000;

/// A room on this node.
pub type RoomSlot<S> = Slot<RoomId, S>;
/// A person on this node.
pub type UserSlot<S> = Slot<UserId, S>;

/// What names a log.
pub trait Key<S: Socket>: Copy + Ord + Hash + Display + Debug + Send + Sync + 'static {
    /// Its followers.
    type Seat: Receiver<Entry = S::Entry, Context = Effects<S>> + Debug + Send + Sync;
    /// Followers further behind must page for themselves.
    const TOO_LONG: Option<u64>;

    /// The slot, of either kind.
    fn any(slot: Arc<Slot<Self, S>>) -> AnySlot<S>;
    /// Tells the subscription stream that it is not needed any more.
    fn remove(self) -> Change<S>;
    /// What a page of such a log is.
    fn reading(after: u64, page: Page<S::Entry>) -> Reading<S::Entry>;
}

/// A log on this node.
pub struct Slot<K: Key<S>, S: Socket> {
    /// Which log.
    pub key: K,
    /// What the node keeps beside it.
    pub aside: S::Aside,
    log: Mutex<Log<K::Seat>>,
    /// The log's `high`, to be read without the lock.
    head: AtomicU64,
    idle_since: Mutex<Option<Instant>>,
}

/// The locked log; what it says of its head is published when the lock is released.
pub struct Locked<'a, K: Key<S>, S: Socket> {
    slot: &'a Slot<K, S>,
    log: MutexGuard<'a, Log<K::Seat>>,
}

impl<S: Socket> Key<S> for RoomId {
    type Seat = RoomSeat<S>;
    const TOO_LONG: Option<u64> = Some(TOO_LONG);

    fn any(slot: Arc<Slot<Self, S>>) -> AnySlot<S> {
        AnySlot::Room(slot)
    }

    fn remove(self) -> Change<S> {
        Change::RemoveRoom(self)
    }

    fn reading(after: u64, page: Page<S::Entry>) -> Reading<S::Entry> {
        filling::without_holes(after, page)
    }
}

impl<S: Socket> Key<S> for UserId {
    type Seat = UserSeat<S>;
    const TOO_LONG: Option<u64> = None;

    fn any(slot: Arc<Slot<Self, S>>) -> AnySlot<S> {
        AnySlot::User(slot)
    }

    fn remove(self) -> Change<S> {
        Change::RemoveUser(self)
    }

    fn reading(after: u64, page: Page<S::Entry>) -> Reading<S::Entry> {
        filling::with_holes(after, page)
    }
}

impl<K: Key<S>, S: Socket> Slot<K, S> {
    pub(crate) fn new(key: K) -> Self {
        Self {
            key,
            aside: S::Aside::default(),
            log: Mutex::new(Log::new(K::TOO_LONG)),
            head: AtomicU64::new(0),
            idle_since: Mutex::new(None),
        }
    }

    /// Where the log stands on this node.
    pub fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    /// Whether its head is known.
    pub fn is_established(&self) -> bool {
        self.lock().high().is_some()
    }

    /// The log, for itself.
    pub fn lock(&self) -> Locked<'_, K, S> {
        Locked {
            slot: self,
            log: self.log.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Closes it if nobody has followed it for `linger`.
    pub(crate) fn close_if_idle(&self, now: Instant, linger: Duration) -> bool {
        let mut log = self.lock();
        let mut idle_since = self
            .idle_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if log.is_followed() {
            *idle_since = None;
            return false;
        }
        let since = *idle_since.get_or_insert(now);
        log.is_closed = now.saturating_duration_since(since) >= linger;
        log.is_closed
    }
}

impl<K: Key<S>, S: Socket> std::ops::Deref for Locked<'_, K, S> {
    type Target = Log<K::Seat>;

    fn deref(&self) -> &Self::Target {
        &self.log
    }
}

impl<K: Key<S>, S: Socket> std::ops::DerefMut for Locked<'_, K, S> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.log
    }
}

impl<K: Key<S>, S: Socket> Drop for Locked<'_, K, S> {
    fn drop(&mut self) {
        self.slot
            .head
            .store(self.log.high().unwrap_or(0), Ordering::Release);
    }
}

impl<K: Key<S>, S: Socket> Debug for Slot<K, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot")
            .field("key", &self.key)
            .field("head", &self.head())
            .finish_non_exhaustive()
    }
}
