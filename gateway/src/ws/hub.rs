//! The logs that this node follows and the sockets that follow them: one slot for each room and each person somebody here
//! listens to. Owns their order and completeness; asks chat for what is missing. Holds no lock while it waits.

mod deliver;
pub(crate) mod entry;
mod heads;
pub(crate) mod log;
mod reader;
mod receipts;
mod seating;
mod seats;
mod slot;
mod slots;
mod typing;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use kith_auth::Caller;
use kith_client::Upstream;
use kith_clock::Clock;
use kith_error::Failure;
use kith_ids::{RoomId, UserId};
use kith_runtime::Tasks;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, mpsc};

use self::{
    receipts::Receipts,
    slot::{LogKey, Slot},
    slots::Slots,
    typing::Typings,
};
use super::{close::Close, registry::Registry, socket::Order};

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
    typings: Typings,
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
            typings: Typings::default(),
            compare_now: Notify::new(),
            epoch: AtomicU64::new(0),
            stream: AtomicU64::new(0),
        }));
        (hub, receiver)
    }

    /// Starts anti-entropy, the delayed receipts and the ends of typing.
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
        let (hub, shutdown) = (self.clone(), tasks.shutdown().clone());
        tasks.restarting("ws.typing", move || {
            let (hub, shutdown) = (hub.clone(), shutdown.clone());
            async move { hub.0.typings.end_for_ever(&shutdown).await }
        });
    }

    /// Waits until the person's log is followed and its head is known.
    pub(crate) async fn establish_user(&self, user_id: UserId) -> Result<(), Failure> {
        let slot = self.user(user_id);
        self.await_established(&[], &[slot]).await
    }

    /// Where the person's log stands on this node.
    pub(crate) fn useq(&self, user_id: UserId) -> u64 {
        self.0.users.find(user_id).map_or(0, |slot| slot.head())
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

    /// The person's slot, subscribed to when it is new.
    fn user(&self, user_id: UserId) -> Arc<UserSlot> {
        self.0.users.open(user_id, &self.0.changes, Change::AddUser)
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

fn node() -> Caller {
    Caller::node("gateway")
}
