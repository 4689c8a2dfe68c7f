//! The bus over Redis: sharded pub/sub (`SSUBSCRIBE`, `SPUBLISH`, Redis 7 and later), one channel a shard, so that a Redis
//! Cluster spreads the shards over its servers. Each server has a link of two connections: one publishes in pipelines, one
//! speaks RESP3 and hears the subscribed channels as pushes. One server alone is a cluster whose layout never changes.
//!
//! The client library has a cluster connection of its own. It subscribes again by itself and does not say when that is in
//! effect, so nobody could tell subscribers when to look at the heads; and one server that is away would hold up the others.

mod layout;
mod link;
mod members;
mod publisher;
mod state;
mod subscriber;
mod subscription;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use kith_runtime::Tasks;

use crate::Servers;

use self::state::Shared;
pub(crate) use self::subscription::Subscription;

/// First and longest pause between attempts to connect.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// How long connecting and subscribing may take before the connection counts as dead.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub(crate) struct Redis {
    shared: Arc<Shared>,
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
    pub(crate) fn start(
        servers: &Servers,
        space: &str,
        tasks: &Tasks,
    ) -> Result<Self, redis::RedisError> {
        let shared = Arc::new(Shared::new(Space(space.into())));
        members::spawn(servers.clone(), Arc::clone(&shared), tasks)?;
        Ok(Self { shared })
    }

    pub(crate) fn publish(&self, shard: u16, payload: Bytes) {
        match self.shared.homes().of(shard) {
            Some(link) => link.publisher.publish(shard, payload),
            None => publisher::count("dropped", 1),
        }
    }

    pub(crate) fn subscribe(&self) -> Subscription {
        Subscription::new(Arc::clone(&self.shared))
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.shared.is_up.load(Ordering::Acquire) && self.shared.homes().are_all_connected()
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
