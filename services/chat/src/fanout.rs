//! From commit to the gateways: this node's streams directly, other nodes' over the bus. A delivery is encoded once, by the node that committed, and
//! nobody reads it on its way. Nothing here may be relied on: what is lost is found again by comparing heads. What may have been lost is said: a
//! stream is told that it lagged.

mod envelope;
mod queue;
mod registry;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use kith_api::chat::v1::{
    Confirmed, Delivery, EpochChanged, Lagged, Receipt, RoomEvent, Typing, UserEvent,
    delivery::Delivery as Kind,
};
use kith_bus::{Bus, Signal, Subscription};
use kith_runtime::Tasks;
use prost::Message as _;
use tracing::Span;

use crate::app::feed::Feed;

use envelope::{Envelopes, Opened};
pub(crate) use queue::Queue;
use registry::{Registry, topic};
pub(crate) use registry::{StreamId, Topics};

/// Hints of other nodes that are handed on before the streams are woken.
const TOGETHER: usize = 64;

/// Hands out what happened. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Fanout(Arc<Inner>);

struct Inner {
    /// Tells this node's own hints from the others'.
    node: u64,
    bus: Bus,
    subscription: Subscription,
    registry: Mutex<Registry>,
    stream_queue: usize,
    /// Hears of everything that may be for the feed.
    feed: Feed,
}

/// Says of which epoch the log is.
pub(crate) fn epoch_changed(epoch: u64) -> Bytes {
    encoded(Kind::EpochChanged(EpochChanged { epoch }))
}

impl Fanout {
    pub(crate) fn start(bus: Bus, tasks: &Tasks, stream_queue: usize, feed: Feed) -> Self {
        let fanout = Self(Arc::new(Inner {
            node: u64::from_ne_bytes(kith_clock::random_bytes()),
            subscription: bus.subscribe(),
            bus,
            feed,
            registry: Mutex::default(),
            stream_queue,
        }));
        let listening = fanout.clone();
        let shutdown = tasks.shutdown().clone();
        tasks.critical("chat.listen_to_bus", async move {
            tokio::select! {
                () = listening.listen() => {}
                () = shutdown.signalled() => {}
            }
        });
        fanout
    }

    /// An entry of a room's log was committed. Call in seq order.
    pub(crate) fn publish_room_event(&self, event: RoomEvent) {
        self.publish_room_events(vec![event]);
    }

    /// Entries of rooms' logs were committed. Call in seq order.
    pub(crate) fn publish_room_events(&self, events: Vec<RoomEvent>) {
        self.publish(events.into_iter().map(Kind::RoomEvent));
        self.0.feed.wake();
    }

    /// An entry of a person's log was committed. Call in useq order.
    pub(crate) fn publish_user_event(&self, event: UserEvent) {
        self.publish([Kind::UserEvent(event)]);
        self.0.feed.wake();
    }

    /// Somebody's position moved.
    pub(crate) fn publish_receipt(&self, receipt: Receipt) {
        self.publish([Kind::Receipt(receipt)]);
    }

    /// People write, or stopped, in this order.
    pub(crate) fn publish_typings(&self, typings: Vec<Typing>) {
        self.publish(typings.into_iter().map(Kind::Typing));
    }

    /// The log is another one now. Every node finds that out by itself.
    pub(crate) fn publish_epoch(&self, epoch: u64) {
        let delivery = epoch_changed(epoch);
        for queue in self.registry().queues() {
            queue.put_always(delivery.clone());
        }
    }

    /// A new stream, of no topic yet.
    pub(crate) fn open(&self) -> (StreamId, Arc<Queue>) {
        let queue = Arc::new(Queue::new(self.0.stream_queue));
        let id = self.registry().open(Arc::clone(&queue));
        (id, queue)
    }

    /// Forgets a stream.
    pub(crate) fn close(&self, stream: StreamId) {
        let mut registry = self.registry();
        let unneeded = registry.close(stream);
        self.0.subscription.remove(&unneeded);
    }

    /// Changes what a stream is told, and confirms in the stream once that is in effect everywhere.
    pub(crate) async fn subscribe(
        &self,
        stream: StreamId,
        add: Topics,
        remove: Topics,
        request_id: u64,
    ) {
        let added = {
            let mut registry = self.registry();
            let needed = registry.add(stream, add);
            let unneeded = registry.remove(stream, &remove);
            // Under the registry's lock, so that the bus hears of changes in the order in which they were made.
            let added = self.0.subscription.add(&needed);
            self.0.subscription.remove(&unneeded);
            added
        };
        added.await;
        if request_id > 0
            && let Some(queue) = self.registry().queue(stream)
        {
            queue.put_always(encoded(Kind::Confirmed(Confirmed { request_id })));
        }
    }

    fn publish(&self, kinds: impl IntoIterator<Item = Kind>) {
        // Before the lock, under which others wait.
        let deliveries: Vec<(Delivery, Bytes)> = kinds
            .into_iter()
            .map(|kind| {
                let delivery = Delivery {
                    delivery: Some(kind),
                };
                let encoded = delivery.encode_to_vec().into();
                (delivery, encoded)
            })
            .collect();
        let addressed = || {
            deliveries.iter().filter_map(|(delivery, encoded)| {
                Some((topic(delivery.delivery.as_ref()?)?, encoded))
            })
        };
        let registry = self.registry();
        for (topic, encoded) in addressed() {
            registry.deliver(topic, encoded);
        }
        registry.wake();
        drop(registry);
        if !self.0.bus.reaches_others() {
            return;
        }
        let mut envelopes = Envelopes::new(self.0.node);
        for (topic, encoded) in addressed() {
            envelopes.add(topic, encoded);
        }
        for (shard, payload) in envelopes.finish() {
            self.0.bus.publish(shard, payload);
        }
    }

    /// Hands other nodes' hints to this node's streams: what has come together goes on together, so that a stream is woken once for it.
    async fn listen(&self) {
        let subscription = &self.0.subscription;
        loop {
            let first = subscription.recv().await;
            let others = std::iter::from_fn(|| subscription.try_recv()).take(TOGETHER);
            for signal in std::iter::once(first).chain(others) {
                match signal {
                    Signal::Message { payload, .. } => self.heard(payload),
                    Signal::Interrupted => self.interrupted(),
                }
            }
            self.registry().wake();
        }
    }

    fn interrupted(&self) {
        metrics::counter!("kith_chat_bus_interruptions_total").increment(1);
        for queue in self.registry().queues() {
            queue.put_always(encoded(Kind::Lagged(Lagged {})));
        }
    }

    fn heard(&self, payload: Bytes) {
        let envelope = match envelope::open(payload, self.0.node) {
            Opened::Own => return,
            Opened::Foreign(envelope) => envelope,
            Opened::Unreadable => {
                tracing::warn!("a hint of another node could not be read");
                return;
            }
        };
        let span = deliver_span(envelope.traceparent.as_deref());
        let _entered = span.enter();
        let registry = self.registry();
        for hint in &envelope.hints {
            registry.deliver(hint.topic(), &hint.delivery);
        }
    }

    /// Held for lookups and pushes only, never across an await.
    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.0
            .registry
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// What another node committed goes on in its trace, if it had one.
fn deliver_span(traceparent: Option<&str>) -> Span {
    if traceparent.is_none() {
        return Span::none();
    }
    let span = tracing::info_span!("chat.deliver");
    kith_telemetry::set_parent_from_traceparent(&span, traceparent);
    span
}

fn encoded(kind: Kind) -> Bytes {
    let delivery = Delivery {
        delivery: Some(kind),
    };
    delivery.encode_to_vec().into()
}
