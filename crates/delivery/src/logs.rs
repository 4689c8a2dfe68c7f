//! The logs that this node follows and the sockets that follow them: one slot for each room and each person somebody here
//! listens to. Owns their order and completeness; says what is missing. No call waits for anything but a lock.

use std::{
    collections::VecDeque,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use kith_ids::{RoomId, UserId};

use crate::{
    Batch, Effects, RoomSlot, Socket, UserSlot,
    effects::Wanted,
    log::Log,
    seats::{RoomSeat, UserSeat},
    slot::{Key, Slot},
    slots::{Changes, Slots},
    subscriptions::Change,
};

/// How long a missing entry may still come by itself: two nodes' publishes may overtake each other.
const PATIENCE: Duration = Duration::from_millis(25);
/// How long a log that nobody follows stays subscribed: people reconnect.
const LINGER: Duration = Duration::from_secs(30);
/// How long entries stay for those who catch up: from a device's snapshot to its first live event.
const TAIL_MEMORY: Duration = Duration::from_secs(5);

/// The logs of a node.
pub struct Logs<S: Socket> {
    rooms: Slots<RoomId, S>,
    users: Slots<UserId, S>,
    changes: Changes<S>,
    epoch: AtomicU64,
    /// Rises with every subscription stream; what belongs to an older one is void.
    stream: AtomicU64,
}

impl<S: Socket> Logs<S> {
    /// Where a room stands here.
    pub fn room(&self, room_id: RoomId) -> Option<Arc<RoomSlot<S>>> {
        self.rooms.find(room_id)
    }

    /// Where a person stands here.
    pub fn user(&self, user_id: UserId) -> Option<Arc<UserSlot<S>>> {
        self.users.find(user_id)
    }

    /// Where the person's log stands here.
    pub fn useq(&self, user_id: UserId) -> u64 {
        self.user(user_id).map_or(0, |slot| slot.head())
    }

    /// Everything that is followed.
    pub fn everything(&self) -> Batch<S> {
        Batch {
            rooms: self.rooms.all(),
            users: self.users.all(),
        }
    }

    /// The epoch that the logs have now. A later one than before: nothing that the sockets hold is true any more.
    pub fn meet_epoch(&self, epoch: u64, effects: &mut Effects<S>) {
        let before = self.epoch.fetch_max(epoch, Ordering::AcqRel);
        if before == 0 || before >= epoch {
            return;
        }
        self.rooms.close_all(&self.changes);
        self.users.close_all(&self.changes);
        effects.has_changes = true;
        effects.starts_over = true;
    }

    /// Whether what was read of this epoch may go to the sockets that are here; a later one than before ends them all.
    pub fn admits(&self, epoch: u64, effects: &mut Effects<S>) -> bool {
        let before = self.epoch.load(Ordering::Acquire);
        self.meet_epoch(epoch, effects);
        before == epoch || before == 0
    }

    /// The room that an entry of this epoch belongs to; none when nobody here follows it, or the entry is of an old log.
    pub fn room_of_epoch(
        &self,
        epoch: u64,
        room_id: RoomId,
        effects: &mut Effects<S>,
    ) -> Option<Arc<RoomSlot<S>>> {
        self.meet_epoch(epoch, effects);
        if epoch < self.epoch.load(Ordering::Acquire) {
            return None;
        }
        self.room(room_id)
    }

    /// Takes a live entry.
    pub fn receive<K: Key<S>>(
        &self,
        slot: &Arc<Slot<K, S>>,
        entry: S::Entry,
        effects: &mut Effects<S>,
    ) {
        let mut log = slot.lock();
        log.receive(Arc::new(entry), effects);
        Self::read_if_wanted(slot, &mut log, effects);
    }

    /// A detached room goes on: the device has fetched everything up to `cursor`.
    pub fn rejoin_room(&self, socket: &S, room_id: RoomId, cursor: u64, effects: &mut Effects<S>) {
        if let Some(slot) = socket.following().followed(room_id) {
            let mut log = slot.lock();
            log.rejoin(socket.id(), Some(cursor), effects);
            Self::read_if_wanted(&slot, &mut log, effects);
        }
    }

    /// The person's log goes on where it stopped.
    pub fn rejoin_user(&self, socket: &S, effects: &mut Effects<S>) {
        if let Some(slot) = self.user(socket.user_id()) {
            let mut log = slot.lock();
            log.rejoin(socket.id(), None, effects);
            Self::read_if_wanted(&slot, &mut log, effects);
        }
    }

    /// Takes a socket out of everything. The person's log first: it would seat it in further rooms.
    pub fn leave(&self, socket: &S) {
        if let Some(slot) = self.user(socket.user_id()) {
            slot.lock().leave(socket.id());
        }
        for slot in socket.following().stop() {
            slot.lock().leave(socket.id());
        }
    }

    /// Forgets what nobody has needed for a while.
    pub fn sweep(&self, now: Instant, effects: &mut Effects<S>) {
        let oldest = now.checked_sub(TAIL_MEMORY).unwrap_or(now);
        for slot in self.rooms.all() {
            slot.lock().forget_tail(oldest);
        }
        for slot in self.users.all() {
            slot.lock().forget_tail(oldest);
        }
        let rooms = self.rooms.sweep(now, LINGER, &self.changes);
        let users = self.users.sweep(now, LINGER, &self.changes);
        effects.has_changes |= rooms || users;
    }

    /// The person's slot, subscribed to when it is new.
    pub(crate) fn open_user(&self, user_id: UserId, effects: &mut Effects<S>) -> Arc<UserSlot<S>> {
        let (slot, is_new) = self.users.open(user_id, &self.changes);
        effects.has_changes |= is_new;
        slot
    }

    /// Seats a socket in its person's log.
    pub(crate) fn join_user(
        self: &Arc<Self>,
        socket: &Arc<S>,
        useq: u64,
        effects: &mut Effects<S>,
    ) {
        let seat = UserSeat::new(socket.clone(), Arc::downgrade(self));
        self.with_open(&self.users, socket.user_id(), effects, |_, log, effects| {
            log.join(seat, useq, effects);
        });
    }

    /// Seats a socket in a room, with everything up to `cursor`.
    pub(crate) fn join_room(
        &self,
        socket: &Arc<S>,
        room_id: RoomId,
        cursor: u64,
        effects: &mut Effects<S>,
    ) -> Arc<RoomSlot<S>> {
        self.with_open(&self.rooms, room_id, effects, |slot, log, effects| {
            if socket.following().follow(room_id, slot, cursor) {
                log.join(RoomSeat::new(socket.clone(), room_id), cursor, effects);
            }
        })
    }

    /// Begins a socket's stay in a room: a `room.added` has just been queued.
    pub(crate) fn begin_stay(
        &self,
        socket: &Arc<S>,
        room_id: RoomId,
        joined_seq: u64,
        effects: &mut Effects<S>,
    ) {
        let told = joined_seq.saturating_sub(1);
        self.with_open(&self.rooms, room_id, effects, |slot, log, effects| {
            if socket.following().follow(room_id, slot, told) {
                log.begin_stay(RoomSeat::new(socket.clone(), room_id), joined_seq, effects);
            }
        });
    }

    /// Learns a head. Only one that was read after the subscription took effect establishes.
    pub(crate) fn meet_head<K: Key<S>>(
        slot: &Arc<Slot<K, S>>,
        head: u64,
        establishing: bool,
        effects: &mut Effects<S>,
    ) {
        let mut log = slot.lock();
        if establishing {
            log.establish(head, effects);
            effects.established.push(K::any(slot.clone()));
        } else {
            log.hear_of(head);
        }
        Self::read_if_wanted(slot, &mut log, effects);
    }

    /// A new subscription stream begins; gives its number.
    pub(crate) fn begin_stream(&self) -> u64 {
        self.stream.fetch_add(1, Ordering::AcqRel) + 1
    }

    pub(crate) fn is_current(&self, stream: u64) -> bool {
        self.stream.load(Ordering::Acquire) == stream
    }

    /// What the subscription stream has to be told since the last call.
    pub(crate) fn take_changes(&self) -> VecDeque<Change<S>> {
        std::mem::take(&mut *self.changes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Has the log read if it wants it and nobody reads.
    fn read_if_wanted<K: Key<S>>(
        slot: &Arc<Slot<K, S>>,
        log: &mut Log<K::Seat>,
        effects: &mut Effects<S>,
    ) {
        if log.is_read || log.wants_reading(effects).is_none() {
            return;
        }
        log.is_read = true;
        let patience = if log.has_waiting() {
            Duration::ZERO
        } else {
            PATIENCE
        };
        effects.readings.push(Wanted {
            slot: K::any(slot.clone()),
            patience,
        });
    }

    /// Does something with the log of an open slot. A slot that is being given up at this moment is replaced by a new one.
    fn with_open<K: Key<S>>(
        &self,
        slots: &Slots<K, S>,
        key: K,
        effects: &mut Effects<S>,
        act: impl FnOnce(&Arc<Slot<K, S>>, &mut Log<K::Seat>, &mut Effects<S>),
    ) -> Arc<Slot<K, S>> {
        loop {
            let (slot, is_new) = slots.open(key, &self.changes);
            effects.has_changes |= is_new;
            let mut log = slot.lock();
            if log.is_closed {
                continue;
            }
            act(&slot, &mut log, effects);
            Self::read_if_wanted(&slot, &mut log, effects);
            drop(log);
            return slot;
        }
    }
}

impl<S: Socket> Default for Logs<S> {
    fn default() -> Self {
        Self {
            rooms: Slots::default(),
            users: Slots::default(),
            changes: Changes::default(),
            epoch: AtomicU64::new(0),
            stream: AtomicU64::new(0),
        }
    }
}

impl<S: Socket> std::fmt::Debug for Logs<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Logs")
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}
