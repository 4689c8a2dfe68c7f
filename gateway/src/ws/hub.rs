//! The logs that this node follows and the sockets that follow them: one slot for each room and each person somebody here
//! listens to. Owns their order and completeness; asks chat for what is missing. Holds no lock while it waits.

pub(crate) mod entry;
mod heads;
pub(crate) mod log;
mod reader;
mod receipts;
mod seats;
mod slot;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use kith_api::chat::v1::{self, delivery::Delivery as Kind};
use kith_auth::Caller;
use kith_client::Upstream;
use kith_clock::Clock;
use kith_error::Failure;
use kith_ids::{RoomId, UserId};
use kith_runtime::Tasks;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, mpsc};

use self::{
    entry::Entry,
    receipts::Receipts,
    seats::{RoomSeat, UserSeat},
    slot::{LogKey, Slot},
};
use super::{
    close::Close,
    frames,
    registry::Registry,
    socket::{Order, Socket, Wakes},
};
use crate::wire;

/// A room on this node.
pub(crate) type RoomSlot = Slot<RoomId>;
/// A person on this node.
pub(crate) type UserSlot = Slot<UserId>;

/// Readings of logs under way at once: catching up must not take the database away from sending.
const READINGS: usize = 64;
/// How long the connecting socket waits for its subscriptions.
const ESTABLISHING: Duration = Duration::from_secs(8);

/// The logs of this node. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Hub(Arc<Inner>);

pub(crate) struct Inner {
    chat: Upstream,
    clock: Clock,
    tasks: Tasks,
    registry: Registry,
    rooms: Slots<RoomId>,
    users: Slots<UserId>,
    changes: mpsc::UnboundedSender<Change>,
    readings: Semaphore,
    receipts: Receipts,
    compare_now: Notify,
    epoch: AtomicU64,
    /// Rises with every subscription stream; what belongs to an older one is void.
    stream: AtomicU64,
}

/// What the subscription stream must be told.
#[derive(Debug)]
pub(crate) enum Change {
    AddRoom(Arc<RoomSlot>),
    AddUser(Arc<UserSlot>),
    RemoveRoom(RoomId),
    RemoveUser(UserId),
}

/// Slots that were subscribed together.
#[derive(Debug, Default, Clone)]
pub(crate) struct Batch {
    pub(crate) rooms: Vec<Arc<RoomSlot>>,
    pub(crate) users: Vec<Arc<UserSlot>>,
}

struct Slots<K: LogKey>(Mutex<HashMap<K, Arc<Slot<K>>>>);

impl Hub {
    /// Follows nothing yet. The receiver belongs to the subscription stream.
    pub(crate) fn new(
        chat: Upstream,
        clock: Clock,
        tasks: Tasks,
        registry: Registry,
    ) -> (Self, mpsc::UnboundedReceiver<Change>) {
        let (changes, receiver) = mpsc::unbounded_channel();
        let hub = Self(Arc::new(Inner {
            chat,
            clock,
            tasks,
            registry,
            rooms: Slots::default(),
            users: Slots::default(),
            changes,
            readings: Semaphore::new(READINGS),
            receipts: Receipts::default(),
            compare_now: Notify::new(),
            epoch: AtomicU64::new(0),
            stream: AtomicU64::new(0),
        }));
        (hub, receiver)
    }

    /// Starts anti-entropy and the delayed receipts.
    pub(crate) fn start(&self) {
        let tasks = &self.0.tasks;
        let (hub, shutdown) = (self.clone(), tasks.shutdown().clone());
        tasks.restarting("ws.heads", move || {
            let (hub, shutdown) = (hub.clone(), shutdown.clone());
            async move { hub.compare_for_ever(&shutdown).await }
        });
        let (hub, shutdown) = (self.clone(), tasks.shutdown().clone());
        tasks.restarting("ws.receipts", move || {
            let (hub, shutdown) = (hub.clone(), shutdown.clone());
            async move { hub.0.receipts.flush_for_ever(&shutdown).await }
        });
    }

    /// Waits until the person's log is followed and its head is known.
    pub(crate) async fn establish_user(&self, user_id: UserId) -> Result<(), Failure> {
        let slot = self.user(user_id);
        self.await_established(&[], &[slot]).await
    }

    /// Seats a socket in its person's log.
    pub(crate) fn join_user(&self, socket: &Arc<Socket>, useq: u64) {
        self.with_open(&self.0.users, socket.user_id, |slot, log, wakes| {
            let seat = UserSeat::new(socket.clone(), Arc::downgrade(&self.0));
            log.join(seat, useq, wakes);
            self.read_if_wanted(slot, log, wakes);
        });
    }

    /// Seats a socket in rooms, each with everything up to its head, and waits until all are followed.
    pub(crate) async fn join_rooms(
        &self,
        socket: &Arc<Socket>,
        memberships: &[v1::Membership],
    ) -> Result<(), Failure> {
        let mut slots = Vec::with_capacity(memberships.len());
        for membership in memberships {
            let Ok(room_id) = membership.room_id.parse() else {
                return Err(Failure::internal());
            };
            self.with_open(&self.0.rooms, room_id, |slot, log, wakes| {
                slot.set_participants(membership.participant_count);
                if socket.follow(room_id, slot, membership.last_seq) {
                    let seat = RoomSeat::new(socket.clone(), room_id);
                    log.join(seat, membership.last_seq, wakes);
                }
                self.read_if_wanted(slot, log, wakes);
                slots.push(slot.clone());
            });
        }
        self.await_established(&slots, &[]).await
    }

    /// Begins a socket's stay in a room: a `room.added` has just been queued.
    fn begin_stay(&self, socket: &Arc<Socket>, room_id: RoomId, joined_seq: u64) {
        self.with_open(&self.0.rooms, room_id, |slot, log, wakes| {
            if socket.follow(room_id, slot, joined_seq.saturating_sub(1)) {
                let seat = RoomSeat::new(socket.clone(), room_id);
                log.begin_stay(seat, joined_seq, wakes);
            }
            self.read_if_wanted(slot, log, wakes);
        });
    }

    /// Ends a socket's stay: a `room.removed` has just been queued.
    fn end_stay(socket: &Socket, room_id: RoomId, leave_seq: u64) {
        if let Some(slot) = socket.followed(room_id) {
            slot.lock().end_stay(socket.id, leave_seq);
        }
    }

    /// A detached room goes on: the device has fetched everything up to `cursor`.
    pub(crate) fn rejoin_room(&self, socket: &Socket, room_id: RoomId, cursor: u64) {
        if let Some(slot) = socket.followed(room_id) {
            let mut wakes = Wakes::default();
            let mut log = slot.lock();
            log.rejoin(socket.id, Some(cursor), &mut wakes);
            self.read_if_wanted(&slot, &mut log, &mut wakes);
        }
    }

    /// The person's log goes on where it stopped.
    pub(crate) fn rejoin_user(&self, socket: &Socket) {
        if let Some(slot) = self.0.users.find(socket.user_id) {
            let mut wakes = Wakes::default();
            let mut log = slot.lock();
            log.rejoin(socket.id, None, &mut wakes);
            self.read_if_wanted(&slot, &mut log, &mut wakes);
        }
    }

    /// Takes a socket out of everything. The person's log first: it would seat it in further rooms.
    pub(crate) fn leave(&self, socket: &Socket) {
        if let Some(slot) = self.0.users.find(socket.user_id) {
            slot.leave(socket.id);
        }
        for slot in socket.stop_following() {
            slot.leave(socket.id);
        }
    }

    /// Where the person's log stands on this node.
    pub(crate) fn useq(&self, user_id: UserId) -> u64 {
        self.0.users.find(user_id).map_or(0, |slot| slot.head())
    }

    /// Takes what the subscription stream delivered; the sockets are woken when all of it is queued. Gives the ids of confirmed requests.
    pub(crate) fn deliver(&self, deliveries: Vec<v1::Delivery>) -> Vec<u64> {
        let mut wakes = Wakes::default();
        let mut confirmed = Vec::new();
        for delivery in deliveries {
            match delivery.delivery {
                Some(Kind::RoomEvent(event)) => self.deliver_room_event(event, &mut wakes),
                Some(Kind::UserEvent(event)) => self.deliver_user_event(event, &mut wakes),
                Some(Kind::Typing(typing)) => self.deliver_typing(typing, &mut wakes),
                Some(Kind::Receipt(receipt)) => self.deliver_receipt(receipt, &mut wakes),
                Some(Kind::Confirmed(it)) => confirmed.push(it.request_id),
                Some(Kind::Lagged(v1::Lagged {})) => self.0.compare_now.notify_one(),
                Some(Kind::EpochChanged(it)) => self.meet_epoch(it.epoch),
                None => {}
            }
        }
        confirmed
    }

    /// Everything that must be subscribed on a new stream.
    pub(crate) fn everything(&self) -> Batch {
        Batch {
            rooms: self.0.rooms.all(),
            users: self.0.users.all(),
        }
    }

    /// A new subscription stream begins; gives its number.
    pub(crate) fn begin_stream(&self) -> u64 {
        self.0.stream.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Compares the heads of freshly subscribed slots, again and again until it works or the stream is another.
    pub(crate) fn establish(&self, stream: u64, batch: Batch) {
        let hub = self.clone();
        self.0.tasks.spawn("ws.establish", async move {
            let mut pause = Duration::from_millis(50);
            while hub.0.stream.load(Ordering::Acquire) == stream {
                if hub.compare(&batch, true).await.is_ok() {
                    return;
                }
                tokio::time::sleep(pause.mul_f64(kith_clock::jitter(0.2))).await;
                pause = (pause * 2).min(Duration::from_secs(2));
            }
        });
    }

    /// Leave to read much at once.
    pub(crate) async fn reading_permit(&self) -> Option<SemaphorePermit<'_>> {
        // Never closed.
        self.0.readings.acquire().await.ok()
    }

    /// The epoch that chat's logs have now. A later one than before: nothing that the sockets hold is true any more.
    pub(crate) fn meet_epoch(&self, epoch: u64) {
        let before = self.0.epoch.fetch_max(epoch, Ordering::AcqRel);
        if before == 0 || before >= epoch {
            return;
        }
        tracing::warn!(
            epoch.before = before,
            epoch.now = epoch,
            "the log's epoch changed; all sockets start over"
        );
        for slot in self.0.rooms.take_all() {
            self.forget(&slot, Change::RemoveRoom(slot.key));
        }
        for slot in self.0.users.take_all() {
            self.forget(&slot, Change::RemoveUser(slot.key));
        }
        for socket in self.0.registry.all() {
            socket.order(Order::Close(Close::Internal));
        }
    }

    fn deliver_room_event(&self, event: v1::RoomEvent, wakes: &mut Wakes) {
        self.meet_epoch(event.epoch);
        if event.epoch < self.0.epoch.load(Ordering::Acquire) {
            return;
        }
        let Some(slot) = event
            .room_id
            .parse()
            .ok()
            .and_then(|id| self.0.rooms.find(id))
        else {
            return;
        };
        let entry = Entry::of_room(event);
        slot.count_participant(entry.effect);
        self.receive(&slot, entry, wakes);
    }

    fn deliver_user_event(&self, event: v1::UserEvent, wakes: &mut Wakes) {
        if let Some(slot) = event
            .user_id
            .parse()
            .ok()
            .and_then(|id| self.0.users.find(id))
        {
            self.receive(&slot, Entry::of_user(event), wakes);
        }
    }

    fn receive<K: LogKey>(&self, slot: &Arc<Slot<K>>, entry: Entry, wakes: &mut Wakes) {
        let mut log = slot.lock();
        log.receive(Arc::new(entry), wakes);
        self.read_if_wanted(slot, &mut log, wakes);
    }

    fn deliver_typing(&self, typing: v1::Typing, wakes: &mut Wakes) {
        let Some(slot) = typing
            .room_id
            .parse()
            .ok()
            .and_then(|id| self.0.rooms.find(id))
        else {
            return;
        };
        let mut hidden_from = receipts::user_ids(&typing.hidden_from_ids);
        // One's own typing is no news on any of one's devices.
        hidden_from.extend(typing.user_id.parse::<UserId>());
        let frame = frames::typing(&wire::Typing::from(typing));
        slot.show(&frame, &hidden_from, wakes);
    }

    fn deliver_receipt(&self, receipt: v1::Receipt, wakes: &mut Wakes) {
        if let Some(slot) = receipt
            .room_id
            .parse()
            .ok()
            .and_then(|id| self.0.rooms.find(id))
        {
            self.0
                .receipts
                .receive(&slot, receipt, Instant::now(), wakes);
        }
    }

    /// The person's slot, subscribed to when it is new.
    fn user(&self, user_id: UserId) -> Arc<UserSlot> {
        self.0.users.open(user_id, &self.0.changes, Change::AddUser)
    }

    /// Does something with the log of an open slot. A slot that is being given up at this moment is replaced by a new one.
    fn with_open<K: LogKey>(
        &self,
        slots: &Slots<K>,
        key: K,
        act: impl FnOnce(&Arc<Slot<K>>, &mut log::Log<K::Seat>, &mut Wakes),
    ) {
        loop {
            let slot = slots.open(key, &self.0.changes, K::ADD);
            let mut wakes = Wakes::default();
            let mut log = slot.lock();
            if log.is_closed {
                continue;
            }
            act(&slot, &mut log, &mut wakes);
            return;
        }
    }

    async fn await_established(
        &self,
        rooms: &[Arc<RoomSlot>],
        users: &[Arc<UserSlot>],
    ) -> Result<(), Failure> {
        let all = async {
            for slot in rooms {
                slot.established().await;
            }
            for slot in users {
                slot.established().await;
            }
        };
        tokio::time::timeout(ESTABLISHING, all)
            .await
            .map_err(|_| Failure::unavailable(Duration::from_secs(1)))
    }

    /// Gives up a slot that has left its map.
    fn forget<K: LogKey>(&self, slot: &Slot<K>, change: Change) {
        slot.lock().is_closed = true;
        // Fails only when the node ends.
        let _ = self.0.changes.send(change);
    }
}

impl<K: LogKey> Slots<K> {
    fn find(&self, key: K) -> Option<Arc<Slot<K>>> {
        self.lock().get(&key).cloned()
    }

    /// Finds or makes it. The change is sent under the lock, so that it cannot overtake the removal of the slot before.
    fn open(
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

    fn all(&self) -> Vec<Arc<Slot<K>>> {
        self.lock().values().cloned().collect()
    }

    fn take_all(&self) -> Vec<Arc<Slot<K>>> {
        self.lock().drain().map(|(_, slot)| slot).collect()
    }

    /// Removes slots that nobody has followed for `linger`; tells the stream under the lock, as in `open`.
    fn sweep(
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

fn node() -> Caller {
    Caller::node("gateway")
}
