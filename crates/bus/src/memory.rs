//! The bus of a process that is alone, and of tests that run several nodes in one.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use crate::{
    Signal,
    inbox::{self, Inbox, Outlet},
};

#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<Subscribers>>);

#[derive(Debug, Default)]
struct Subscribers {
    next_id: u64,
    by_id: HashMap<u64, Subscriber>,
}

#[derive(Debug)]
struct Subscriber {
    shards: HashSet<u16>,
    outlet: Outlet,
}

#[derive(Debug)]
pub(crate) struct Subscription {
    id: u64,
    memory: Memory,
    inbox: Inbox,
}

impl Memory {
    pub(crate) fn publish(&self, shard: u16, payload: &Bytes) {
        for subscriber in self.lock().by_id.values() {
            if subscriber.shards.contains(&shard) {
                subscriber.outlet.put(Signal::Message {
                    shard,
                    payload: payload.clone(),
                });
            }
        }
    }

    pub(crate) fn subscribe(&self) -> Subscription {
        let (outlet, inbox) = inbox::channel();
        let mut subscribers = self.lock();
        let id = subscribers.next_id;
        subscribers.next_id += 1;
        let subscriber = Subscriber {
            shards: HashSet::new(),
            outlet,
        };
        subscribers.by_id.insert(id, subscriber);
        Subscription {
            id,
            memory: self.clone(),
            inbox,
        }
    }

    pub(crate) fn subscribers(&self) -> usize {
        self.lock().by_id.len()
    }

    fn lock(&self) -> MutexGuard<'_, Subscribers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    pub(crate) fn add(&self, shards: &[u16]) {
        if let Some(subscriber) = self.memory.lock().by_id.get_mut(&self.id) {
            subscriber.shards.extend(shards);
        }
    }

    pub(crate) fn remove(&self, shards: &[u16]) {
        if let Some(subscriber) = self.memory.lock().by_id.get_mut(&self.id) {
            for shard in shards {
                subscriber.shards.remove(shard);
            }
        }
    }

    pub(crate) async fn recv(&self) -> Signal {
        self.inbox.recv().await
    }

    pub(crate) fn try_recv(&self) -> Option<Signal> {
        self.inbox.try_recv()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.memory.lock().by_id.remove(&self.id);
    }
}
