//! A log with its lock, and what may be known of it without the lock.

use std::{
    fmt::{Debug, Display},
    future::Future,
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use kith_error::Failure;
use kith_ids::{RoomId, UserId};
use tokio::sync::Notify;

use super::{
    Change, Hub,
    entry::Effect,
    log::{Log, Reading, Receiver},
    receipts::RoomReceipts,
    seats::{RoomSeat, UserSeat},
    typing::RoomTyping,
};
use crate::ws::{framing::Frame, socket::Wakes};

/// Followers of a room that are further behind than this page for themselves.
const TOO_LONG: u64 = 1_000;

/// What names a log, and how such a log is read.
pub(crate) trait LogKey: Copy + Eq + Hash + Display + Debug + Send + Sync + 'static {
    /// Its followers.
    type Seat: Receiver<Context = Wakes> + Debug + Send + Sync;
    /// Followers further behind must page for themselves.
    const TOO_LONG: Option<u64>;
    /// Tells the subscription stream of a new slot.
    const ADD: fn(Arc<Slot<Self>>) -> Change;

    /// Reads entries after a seq.
    fn read(self, hub: &Hub, after: u64) -> impl Future<Output = Result<Reading, Failure>> + Send;
}

/// A log on this node.
#[derive(Debug)]
pub(crate) struct Slot<K: LogKey> {
    pub(crate) key: K,
    log: Mutex<Log<K::Seat>>,
    /// The log's `high`, to be read without the lock.
    head: AtomicU64,
    established: Notify,
    idle_since: Mutex<Option<Instant>>,
    /// Rooms only: how many participate, as far as this node knows.
    participants: AtomicI64,
    /// Rooms only.
    pub(super) receipts: Mutex<RoomReceipts>,
    /// Rooms only.
    pub(super) typing: RoomTyping,
}

/// The locked log; what it says of its head is published when the lock is released.
pub(crate) struct Locked<'a, K: LogKey> {
    slot: &'a Slot<K>,
    log: MutexGuard<'a, Log<K::Seat>>,
}

impl LogKey for RoomId {
    type Seat = RoomSeat;
    const TOO_LONG: Option<u64> = Some(TOO_LONG);
    const ADD: fn(Arc<Slot<Self>>) -> Change = Change::AddRoom;

    fn read(self, hub: &Hub, after: u64) -> impl Future<Output = Result<Reading, Failure>> + Send {
        hub.read_room(self, after)
    }
}

impl LogKey for UserId {
    type Seat = UserSeat;
    const TOO_LONG: Option<u64> = None;
    const ADD: fn(Arc<Slot<Self>>) -> Change = Change::AddUser;

    fn read(self, hub: &Hub, after: u64) -> impl Future<Output = Result<Reading, Failure>> + Send {
        hub.read_user(self, after)
    }
}

impl<K: LogKey> Slot<K> {
    pub(super) fn new(key: K) -> Self {
        Self {
            key,
            log: Mutex::new(Log::new(K::TOO_LONG)),
            head: AtomicU64::new(0),
            established: Notify::new(),
            idle_since: Mutex::new(None),
            participants: AtomicI64::new(0),
            receipts: Mutex::default(),
            typing: RoomTyping::default(),
        }
    }

    /// Where the log stands on this node.
    pub(crate) fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    pub(crate) fn lock(&self) -> Locked<'_, K> {
        Locked {
            slot: self,
            log: self.log.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Removes a follower.
    pub(super) fn leave(&self, id: u64) {
        self.lock().leave(id);
    }

    /// Waits until the head is known.
    pub(super) async fn established(&self) {
        loop {
            let notified = self.established.notified();
            tokio::pin!(notified);
            // Registered before the look, or a head that comes in between would be slept over.
            notified.as_mut().enable();
            if self.lock().high().is_some() {
                return;
            }
            notified.await;
        }
    }

    /// Learns the head, after the subscription took effect.
    pub(super) fn establish(&self, log: &mut Log<K::Seat>, head: u64, wakes: &mut Wakes) {
        log.establish(head, wakes);
        self.established.notify_waiters();
    }

    /// Closes it if nobody has followed it for `linger`.
    pub(super) fn close_if_idle(&self, now: Instant, linger: Duration) -> bool {
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

    /// What chat says of the number of participants.
    pub(super) fn set_participants(&self, count: u32) {
        self.participants.store(i64::from(count), Ordering::Relaxed);
    }

    /// Follows the number of participants.
    pub(super) fn count_participant(&self, effect: Effect) {
        match effect {
            Effect::Joined => self.participants.fetch_add(1, Ordering::Relaxed),
            Effect::Left(_) => self.participants.fetch_sub(1, Ordering::Relaxed),
            _ => 0,
        };
    }

    pub(super) fn participants(&self) -> i64 {
        self.participants.load(Ordering::Relaxed)
    }
}

impl Slot<RoomId> {
    /// Shows something ephemeral to all that sit here but these.
    pub(super) fn show(&self, frame: &Frame, hidden_from: &[UserId], wakes: &mut Wakes) {
        for seat in self.lock().receivers() {
            if !hidden_from.contains(&seat.user_id()) {
                seat.show(frame, wakes);
            }
        }
    }

    /// Shows it to these people only.
    pub(super) fn show_to(&self, frame: &Frame, users: &[UserId], wakes: &mut Wakes) {
        if users.is_empty() {
            return;
        }
        for seat in self.lock().receivers() {
            if users.contains(&seat.user_id()) {
                seat.show(frame, wakes);
            }
        }
    }
}

impl<K: LogKey> std::ops::Deref for Locked<'_, K> {
    type Target = Log<K::Seat>;

    fn deref(&self) -> &Self::Target {
        &self.log
    }
}

impl<K: LogKey> std::ops::DerefMut for Locked<'_, K> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.log
    }
}

impl<K: LogKey> Drop for Locked<'_, K> {
    fn drop(&mut self) {
        self.slot
            .head
            .store(self.log.high().unwrap_or(0), Ordering::Release);
    }
}
