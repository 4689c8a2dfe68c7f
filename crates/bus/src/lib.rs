//! Hints between nodes: payloads on shard channels, in the memory of one process or over Redis. A hint may be lost, and a
//! subscriber is told when some may have been; it is never lost silently. The bus knows nothing of what it carries.
#![warn(missing_docs)]

mod inbox;
mod memory;
mod redis;
mod servers;

use bytes::Bytes;
use kith_runtime::Tasks;

pub use servers::{Servers, ServersError};

/// Shards that payloads are spread over; a subscriber takes only those it needs.
pub const SHARDS: u16 = 1024;

/// Publishes and subscribes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bus(Backend);

#[derive(Clone, Debug)]
enum Backend {
    Memory(memory::Memory),
    Redis(redis::Redis),
}

/// What a subscriber hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// A payload on one of the subscribed shards.
    Message {
        /// Where it was published.
        shard: u16,
        /// What was published.
        payload: Bytes,
    },
    /// Payloads may have been lost since the last signal: a connection ended, or this subscriber was too slow.
    Interrupted,
}

/// One subscriber. Its shards can be changed while another task receives.
#[derive(Debug)]
pub struct Subscription(Inner);

#[derive(Debug)]
enum Inner {
    Memory(memory::Subscription),
    Redis(redis::Subscription),
}

impl Bus {
    /// A bus inside this process.
    pub fn memory() -> Self {
        Self(Backend::Memory(memory::Memory::default()))
    }

    /// A bus over Redis. Connects in the background and keeps reconnecting, so that a Redis that is down delays hints and nothing else.
    pub fn redis(servers: &Servers, tasks: &Tasks) -> Result<Self, ServersError> {
        Self::redis_in(servers, "kith", tasks)
    }

    /// The same in a space of its own: what is published in one space is not heard in another. The space is part of the channels' names.
    pub fn redis_in(servers: &Servers, space: &str, tasks: &Tasks) -> Result<Self, ServersError> {
        redis::Redis::start(servers, space, tasks)
            .map(|redis| Self(Backend::Redis(redis)))
            .map_err(ServersError::Url)
    }

    /// Hands a payload to the subscribers of a shard. Never waits; what cannot be handed over within 200 ms is dropped and counted.
    pub fn publish(&self, shard: u16, payload: Bytes) {
        match &self.0 {
            Backend::Memory(memory) => memory.publish(shard, &payload),
            Backend::Redis(redis) => redis.publish(shard, payload),
        }
    }

    /// A new subscriber, of no shard yet.
    pub fn subscribe(&self) -> Subscription {
        Subscription(match &self.0 {
            Backend::Memory(memory) => Inner::Memory(memory.subscribe()),
            Backend::Redis(redis) => Inner::Redis(redis.subscribe()),
        })
    }

    /// Whether what is published can be heard by more than one subscriber: a lone node need not encode hints for itself.
    pub fn reaches_others(&self) -> bool {
        match &self.0 {
            Backend::Memory(memory) => memory.subscribers() > 1,
            Backend::Redis(_) => true,
        }
    }

    /// Whether hints get through at the moment.
    pub fn is_healthy(&self) -> bool {
        match &self.0 {
            Backend::Memory(_) => true,
            Backend::Redis(redis) => redis.is_healthy(),
        }
    }
}

impl Subscription {
    /// Adds shards, at once; the future ends when they are in effect: whatever is published afterwards arrives, or an
    /// [`Signal::Interrupted`] does. Calls of `add` and `remove` count in the order in which they are made, not awaited.
    pub fn add(&self, shards: &[u16]) -> impl Future<Output = ()> + Send + use<> {
        let confirmed = match &self.0 {
            Inner::Memory(memory) => {
                memory.add(shards);
                None
            }
            Inner::Redis(redis) => Some(redis.add(shards)),
        };
        async {
            if let Some(confirmed) = confirmed {
                confirmed.await;
            }
        }
    }

    /// Removes shards; payloads on their way may still arrive.
    pub fn remove(&self, shards: &[u16]) {
        match &self.0 {
            Inner::Memory(memory) => memory.remove(shards),
            Inner::Redis(redis) => redis.remove(shards),
        }
    }

    /// The next signal. One task at a time.
    pub async fn recv(&self) -> Signal {
        match &self.0 {
            Inner::Memory(memory) => memory.recv().await,
            Inner::Redis(redis) => redis.recv().await,
        }
    }
    /// A signal that has come already, if there is one. By the task that receives.
    pub fn try_recv(&self) -> Option<Signal> {
        match &self.0 {
            Inner::Memory(memory) => memory.try_recv(),
            Inner::Redis(redis) => redis.try_recv(),
        }
    }
}
