//! The logs that this node follows and the sockets that follow them. What is decided about them is decided in [`kith_delivery`];
//! here it is carried out: chat is asked, sockets are woken and closed, and what is shown and never stored is kept beside.

mod aside;
mod deliver;
pub(crate) mod entry;
mod heads;
mod opening;
mod reader;
mod receipts;
mod typing;

use std::sync::Arc;

use kith_api::chat::v1::delivery_service_client::DeliveryServiceClient;
use kith_auth::Caller;
use kith_client::{Intercepted, Upstream};
use kith_clock::Clock;
use kith_delivery::{AnySlot, Logs};
use kith_error::Failure;
use kith_ids::{RoomId, UserId};
use kith_runtime::Tasks;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tonic::{Response, Status};

pub(crate) use self::{aside::Aside, typing::part};
use self::{receipts::Receipts, typing::Typings};
use super::{
    MAX_ANSWER,
    close::Close,
    registry::Registry,
    socket::{Order, Socket},
};

/// A room on this node.
pub(crate) type RoomSlot = kith_delivery::Slot<RoomId, Socket>;
/// What is to be done after a call of the logs.
pub(crate) type Effects = kith_delivery::Effects<Socket>;

/// Chat's delivery reads.
type Client = DeliveryServiceClient<Intercepted>;

/// Readings of logs under way at once: catching up must not take the database away from sending.
const READINGS: usize = 64;

/// The logs of this node. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Hub(Arc<Inner>);

struct Inner {
    logs: Arc<Logs<Socket>>,
    chat: Upstream,
    clock: Clock,
    tasks: Tasks,
    registry: Registry,
    readings: Semaphore,
    receipts: Receipts,
    typings: Typings,
    compare_now: Notify,
    changed: Notify,
}

impl Hub {
    /// Follows nothing yet.
    pub(crate) fn new(chat: Upstream, clock: Clock, tasks: Tasks, registry: Registry) -> Self {
        Self(Arc::new(Inner {
            logs: Arc::default(),
            chat,
            clock,
            tasks,
            registry,
            readings: Semaphore::new(READINGS),
            receipts: Receipts::default(),
            typings: Typings::default(),
            compare_now: Notify::new(),
            changed: Notify::new(),
        }))
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

    /// What is followed, for the subscription stream.
    pub(crate) fn logs(&self) -> &Logs<Socket> {
        &self.0.logs
    }

    /// Waits until the subscription stream has to be told something.
    pub(crate) async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// Where the person's log stands on this node.
    pub(crate) fn useq(&self, user_id: UserId) -> u64 {
        self.0.logs.useq(user_id)
    }

    /// Leave to read much at once.
    pub(crate) async fn reading_permit(&self) -> Option<SemaphorePermit<'_>> {
        // Never closed.
        self.0.readings.acquire().await.ok()
    }

    /// Asks chat for what is in the logs, a second time when it is unavailable.
    async fn ask<T, Q, F>(
        &self,
        request: Q,
        question: impl Fn(Client, Q) -> F,
    ) -> Result<T, Failure>
    where
        Q: Clone,
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let chat = &self.0.chat;
        let answer = chat.repeat(|| {
            let chat = chat.delivery(&Caller::node("gateway"));
            question(chat.max_decoding_message_size(MAX_ANSWER), request.clone())
        });
        answer
            .await
            .map(Response::into_inner)
            .map_err(|status| Failure::from(&status))
    }

    /// Does what a call of the logs asked for; sockets are woken last.
    fn carry_out(&self, effects: Effects) {
        for slot in &effects.established {
            match slot {
                AnySlot::Room(slot) => slot.aside.established.notify_waiters(),
                AnySlot::User(slot) => slot.aside.established.notify_waiters(),
            }
        }
        if effects.has_changes {
            self.0.changed.notify_one();
        }
        if effects.starts_over {
            tracing::warn!("the log's epoch changed; all sockets start over");
            for socket in self.0.registry.all() {
                socket.order(Order::Close(Close::Internal));
            }
        }
        for wanted in effects.readings {
            self.read(wanted);
        }
    }
}
