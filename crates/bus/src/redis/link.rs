//! One server of the Redis, as the bus uses it, and which server has which shards.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use kith_runtime::Shutdown;
use tokio::sync::Notify;

use super::publisher::Publisher;
use crate::{SHARDS, servers::Address};

/// One server, for as long as the layout names it.
#[derive(Debug)]
pub(super) struct Link {
    /// None for the server of a Redis that is no cluster.
    pub(super) address: Option<Address>,
    pub(super) publisher: Publisher,
    /// What is wanted of this server may have changed.
    pub(super) changed: Notify,
    /// The subscribing connection lives: whoever wants a shard waits for its confirmation.
    pub(super) hears: AtomicBool,
    /// Subscribers must be told of an interruption, once the subscriptions are in effect: told earlier, they would look at the
    /// heads too early.
    pub(super) owes_word: AtomicBool,
    /// Ends both connections.
    pub(super) end: Shutdown,
}

/// Which link has which shard. Empty until the layout is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Homes {
    by_shard: Vec<Option<Arc<Link>>>,
    links: Vec<Arc<Link>>,
}

impl Link {
    pub(super) fn new(address: Option<Address>, publisher: Publisher, end: Shutdown) -> Self {
        Self {
            address,
            publisher,
            changed: Notify::new(),
            hears: AtomicBool::new(false),
            owes_word: AtomicBool::new(false),
            end,
        }
    }

    pub(super) fn hears(&self) -> bool {
        self.hears.load(Ordering::Acquire)
    }

    fn is_connected(&self) -> bool {
        self.hears() && self.publisher.is_connected()
    }
}

impl Homes {
    /// Of links, each with the shards that it has.
    pub(super) fn new(links: Vec<(Arc<Link>, Vec<u16>)>) -> Self {
        let mut by_shard = vec![None; usize::from(SHARDS)];
        for (link, shards) in &links {
            for shard in shards {
                by_shard[usize::from(*shard)] = Some(Arc::clone(link));
            }
        }
        Self {
            by_shard,
            links: links.into_iter().map(|(link, _)| link).collect(),
        }
    }

    pub(super) fn of(&self, shard: u16) -> Option<&Arc<Link>> {
        self.by_shard.get(usize::from(shard))?.as_ref()
    }

    pub(super) fn is_home(&self, link: &Arc<Link>, shard: u16) -> bool {
        self.of(shard).is_some_and(|home| Arc::ptr_eq(home, link))
    }

    pub(super) fn links(&self) -> &[Arc<Link>] {
        &self.links
    }

    /// Shards whose home is another, or gone, in `next`.
    pub(super) fn moved(&self, next: &Self) -> Vec<u16> {
        let same = |shard: u16| match (self.of(shard), next.of(shard)) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (None, None) => true,
            _ => false,
        };
        (0..SHARDS).filter(|shard| !same(*shard)).collect()
    }

    /// Whether every shard has a home that can be reached.
    pub(super) fn are_all_connected(&self) -> bool {
        !self.by_shard.is_empty()
            && self.by_shard.iter().all(Option::is_some)
            && self.links.iter().all(|link| link.is_connected())
    }
}
