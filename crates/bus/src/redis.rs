//! The bus over Redis: sharded pub/sub (`SSUBSCRIBE`, `SPUBLISH`, Redis 7 and later), one channel a shard, so that Redis
//! Cluster spreads the shards over its slots. Two connections: one publishes in pipelines, one speaks RESP3 and hears
//! the subscribed channels as pushes.
//!
//! The client library offers sharded subscriptions on its cluster connection only; on one server they are sent as plain
//! commands, one channel each, whose confirmations the RESP3 connection counts as their replies.

mod publisher;
mod subscriber;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use kith_runtime::Tasks;
use tokio::sync::{Notify, oneshot};

use crate::{
    BusError, Signal,
    inbox::{self, Inbox, Outlet},
};

/// First and longest pause between attempts to connect.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// How long connecting and subscribing may take before the connection counts as dead.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub(crate) struct Redis {
    publisher: publisher::Publisher,
    shared: Arc<Shared>,
}

/// What subscribers want, and what of it is in effect.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// The wanted shards changed, or the connection ended.
    changed: Notify,
    is_connected: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    next_id: u64,
    subscribers: HashMap<u64, Subscriber>,
    /// Subscribers of each shard.
    wanted: HashMap<u16, usize>,
    /// Shards that Redis has confirmed on this connection.
    confirmed: HashSet<u16>,
    waiting: Vec<(Vec<u16>, oneshot::Sender<()>)>,
}

#[derive(Debug)]
struct Subscriber {
    shards: HashSet<u16>,
    outlet: Outlet,
}

#[derive(Debug)]
pub(crate) struct Subscription {
    id: u64,
    shared: Arc<Shared>,
    inbox: Inbox,
}

/// The channels of one space.
#[derive(Debug, Clone)]
struct Space(Arc<str>);

impl Space {
    fn channel(&self, shard: u16) -> String {
        format!("{}:{{{shard}}}", self.0)
    }

    /// The shard of a channel's name; none for a channel that is not ours.
    fn shard(&self, channel: &[u8]) -> Option<u16> {
        let number = channel
            .strip_prefix(self.0.as_bytes())?
            .strip_prefix(b":{")?
            .strip_suffix(b"}")?;
        std::str::from_utf8(number).ok()?.parse().ok()
    }
}

impl Redis {
    pub(crate) fn start(url: &str, space: &str, tasks: &Tasks) -> Result<Self, BusError> {
        let client = redis::Client::open(url).map_err(BusError::Url)?;
        let shared = Arc::new(Shared::default());
        let space = Space(space.into());
        subscriber::spawn(url, space.clone(), Arc::clone(&shared), tasks)?;
        Ok(Self {
            publisher: publisher::spawn(client, space, tasks),
            shared,
        })
    }

    pub(crate) fn publish(&self, shard: u16, payload: Bytes) {
        self.publisher.publish(shard, payload);
    }

    pub(crate) fn subscribe(&self) -> Subscription {
        let (outlet, inbox) = inbox::channel();
        let mut state = self.shared.lock();
        let id = state.next_id;
        state.next_id += 1;
        let subscriber = Subscriber {
            shards: HashSet::new(),
            outlet,
        };
        state.subscribers.insert(id, subscriber);
        Subscription {
            id,
            shared: Arc::clone(&self.shared),
            inbox,
        }
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.shared.is_connected.load(Ordering::Acquire) && self.publisher.is_connected()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a payload to its subscribers.
    fn hear(&self, shard: u16, payload: &Bytes) {
        for subscriber in self.lock().subscribers.values() {
            if subscriber.shards.contains(&shard) {
                subscriber.outlet.put(Signal::Message {
                    shard,
                    payload: payload.clone(),
                });
            }
        }
    }

    fn connected(&self) {
        // Under the lock, so that every shard is either in the first look at what is wanted or waited for.
        let _state = self.lock();
        self.is_connected.store(true, Ordering::Release);
    }

    /// Payloads may have been lost between two connections.
    fn interrupt(&self) {
        for subscriber in self.lock().subscribers.values() {
            subscriber.outlet.interrupt();
        }
    }

    /// Nobody waits for a dead connection: an interruption follows when there is a new one.
    fn disconnected(&self) {
        let mut state = self.lock();
        self.is_connected.store(false, Ordering::Release);
        state.confirmed.clear();
        state.waiting.clear();
    }
}

impl State {
    /// Takes shards out of the wanted ones.
    fn release(&mut self, shards: impl IntoIterator<Item = u16>) {
        for shard in shards {
            if let Some(count) = self.wanted.get_mut(&shard) {
                *count -= 1;
                if *count == 0 {
                    self.wanted.remove(&shard);
                }
            }
        }
    }
}

impl Subscription {
    pub(crate) fn add(&self, shards: &[u16]) -> impl Future<Output = ()> + Send + use<> {
        let waiting = self.want(shards);
        async move {
            if let Some(waiting) = waiting {
                // Dropped with the connection; then an interruption is coming.
                let _ = waiting.await;
            }
        }
    }

    /// Wants shards; gives what ends when they are in effect, or nothing when there is nothing to wait for.
    fn want(&self, shards: &[u16]) -> Option<oneshot::Receiver<()>> {
        let mut state = self.shared.lock();
        let subscriber = state.subscribers.get_mut(&self.id)?;
        let new: Vec<u16> = shards
            .iter()
            .copied()
            .filter(|shard| subscriber.shards.insert(*shard))
            .collect();
        for shard in new {
            *state.wanted.entry(shard).or_default() += 1;
        }
        let unconfirmed: Vec<u16> = shards
            .iter()
            .copied()
            .filter(|shard| !state.confirmed.contains(shard))
            .collect();
        if unconfirmed.is_empty() || !self.shared.is_connected.load(Ordering::Acquire) {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        state.waiting.push((unconfirmed, sender));
        self.shared.changed.notify_one();
        Some(receiver)
    }

    pub(crate) fn remove(&self, shards: &[u16]) {
        let mut state = self.shared.lock();
        let Some(subscriber) = state.subscribers.get_mut(&self.id) else {
            return;
        };
        let gone: Vec<u16> = shards
            .iter()
            .copied()
            .filter(|shard| subscriber.shards.remove(shard))
            .collect();
        state.release(gone);
        self.shared.changed.notify_one();
    }

    pub(crate) async fn recv(&self) -> Signal {
        self.inbox.recv().await
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if let Some(subscriber) = state.subscribers.remove(&self.id) {
            state.release(subscriber.shards);
        }
        self.shared.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_name_their_shards() {
        let space = Space("kith".into());

        assert_eq!(space.shard(space.channel(1023).as_bytes()), Some(1023));
        assert_eq!(space.shard(b"other:{1}"), None);
    }
}
