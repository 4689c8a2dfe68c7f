//! Who is on which live lease, for other nodes to see: in the memory of one process, or in Redis (one server or a cluster). A lease lives as long as it is renewed; then it
//! is gone with everybody on it. Only the node that holds a lease's stream writes it, so its revision needs no comparison.

mod memory;
mod redis;

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use kith_bus::Servers;
use kith_ids::UserId;

use crate::domain::roster::LeaseId;

/// The lease store cannot answer now.
#[derive(Debug, thiserror::Error)]
pub enum LeasesError {
    /// It did not answer, or refused.
    #[error("redis: {0}")]
    Redis(#[from] ::redis::RedisError),
}

/// The live leases. Cheap to clone; clones share them.
#[derive(Debug, Clone)]
pub struct Leases(Backend);

#[derive(Debug, Clone)]
enum Backend {
    Memory(memory::Memory),
    Redis(redis::Redis),
}

/// A write of a lease.
#[derive(Debug, Clone, Default)]
pub(crate) struct LeaseWrite {
    pub revision: u64,
    /// Who is not in `put` is not on it.
    pub everything: bool,
    pub put: Vec<(UserId, Bytes)>,
    pub removed: Vec<UserId>,
}

/// A lease as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeaseRead {
    pub revision: u64,
    pub people: HashMap<UserId, Bytes>,
}

impl Leases {
    /// Leases of one process, or of several nodes in one test.
    pub fn memory() -> Self {
        Self(Backend::Memory(memory::Memory::default()))
    }

    /// Leases in Redis, under keys that begin with `space`. Connects when it is first used, and again when the connection is lost.
    pub fn redis(servers: &Servers, space: &str) -> Result<Self, LeasesError> {
        Ok(Self(Backend::Redis(redis::Redis::new(servers, space)?)))
    }

    /// Writes a lease, and lets it live for `life` from now; false when it was gone, and has only those on it now whom this put there.
    pub(crate) async fn write(
        &self,
        lease: LeaseId,
        write: &LeaseWrite,
        life: Duration,
    ) -> Result<bool, LeasesError> {
        match &self.0 {
            Backend::Memory(memory) => Ok(memory.write(lease, write, life)),
            Backend::Redis(redis) => redis.write(lease, write, life).await,
        }
    }

    /// Lets a lease live for `life` from now; false when it is gone.
    pub(crate) async fn renew(&self, lease: LeaseId, life: Duration) -> Result<bool, LeasesError> {
        match &self.0 {
            Backend::Memory(memory) => Ok(memory.renew(lease, life)),
            Backend::Redis(redis) => redis.renew(lease, life).await,
        }
    }

    /// The live leases and their revisions.
    pub(crate) async fn list(&self) -> Result<Vec<(LeaseId, u64)>, LeasesError> {
        match &self.0 {
            Backend::Memory(memory) => Ok(memory.list()),
            Backend::Redis(redis) => redis.list().await,
        }
    }

    /// A lease with everybody on it; none when it is gone.
    pub(crate) async fn find(&self, lease: LeaseId) -> Result<Option<LeaseRead>, LeasesError> {
        match &self.0 {
            Backend::Memory(memory) => Ok(memory.find(lease)),
            Backend::Redis(redis) => redis.find(lease).await,
        }
    }
}

#[cfg(test)]
mod tests;
