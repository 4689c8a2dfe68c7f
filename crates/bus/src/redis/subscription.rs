//! A subscriber of the bus over Redis.

use std::{collections::HashSet, sync::Arc};

use tokio::sync::oneshot;

use super::{
    link::{Homes, Link},
    state::{Shared, Subscriber},
};
use crate::{
    Signal,
    inbox::{self, Inbox},
};

#[derive(Debug)]
pub(crate) struct Subscription {
    id: u64,
    shared: Arc<Shared>,
    inbox: Inbox,
}

impl Subscription {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let (outlet, inbox) = inbox::channel();
        let mut state = shared.lock();
        let id = state.next_id;
        state.next_id += 1;
        let subscriber = Subscriber {
            shards: HashSet::new(),
            outlet,
        };
        state.subscribers.insert(id, subscriber);
        drop(state);
        Self { id, shared, inbox }
    }

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
        let homes = self.shared.homes();
        // A shard whose server is away is told by an interruption when it is back.
        let comes = |shard: &u16| homes.of(*shard).is_some_and(|link| link.hears());
        let unconfirmed: Vec<u16> = shards
            .iter()
            .copied()
            .filter(|shard| !state.confirmed.contains(shard) && comes(shard))
            .collect();
        if unconfirmed.is_empty() {
            return None;
        }
        tell(&homes, &unconfirmed);
        let (sender, receiver) = oneshot::channel();
        state.waiting.push((unconfirmed, sender));
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
        tell(&self.shared.homes(), &gone);
        state.release(gone);
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
        let mut state = self.shared.lock();
        if let Some(subscriber) = state.subscribers.remove(&self.id) {
            let shards: Vec<u16> = subscriber.shards.into_iter().collect();
            tell(&self.shared.homes(), &shards);
            state.release(shards);
        }
    }
}

/// Lets the links of these shards look at what is wanted. They look under the state's lock, which the caller holds.
fn tell(homes: &Homes, shards: &[u16]) {
    let concerned = |link: &&Arc<Link>| shards.iter().any(|shard| homes.is_home(link, *shard));
    for link in homes.links().iter().filter(concerned) {
        link.changed.notify_one();
    }
}
