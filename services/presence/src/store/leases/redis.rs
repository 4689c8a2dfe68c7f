//! Leases in Redis: a hash for each, which Redis itself lets go when it is not renewed, and a set of their ids.

mod connection;

use std::{collections::HashMap, fmt, time::Duration};

use bytes::Bytes;
use futures::future::try_join_all;
use kith_bus::Servers;
use kith_ids::UserId;
use redis::{Pipeline, RedisError};

use super::{LeaseRead, LeaseWrite, LeasesError};
use crate::domain::roster::LeaseId;

use self::connection::Connection;

/// The field of a lease's hash that is no person.
const REVISION: &str = "revision";

#[derive(Clone)]
pub(super) struct Redis {
    connection: Connection,
    space: String,
}

impl Redis {
    pub(super) fn new(servers: &Servers, space: &str) -> Result<Self, RedisError> {
        Ok(Self {
            connection: Connection::new(servers)?,
            space: space.to_owned(),
        })
    }

    pub(super) async fn write(
        &self,
        id: LeaseId,
        write: &LeaseWrite,
        life: Duration,
    ) -> Result<bool, LeasesError> {
        let key = self.key(id);
        let mut pipeline = Pipeline::new();
        // All or nothing: half a write under a new revision would never be noticed.
        pipeline.atomic();
        pipeline.exists(&key);
        if write.everything {
            pipeline.del(&key).ignore();
        }
        pipeline.hset(&key, REVISION, write.revision).ignore();
        for (user, value) in &write.put {
            pipeline
                .hset(&key, user.to_string(), value.as_ref())
                .ignore();
        }
        for user in &write.removed {
            pipeline.hdel(&key, user.to_string()).ignore();
        }
        pipeline.pexpire(&key, millis(life)).ignore();
        let mut connection = self.connection.clone();
        let (was_there,): (bool,) = pipeline.query_async(&mut connection).await?;
        self.enlist(id).await?;
        Ok(was_there || write.everything)
    }

    pub(super) async fn renew(&self, id: LeaseId, life: Duration) -> Result<bool, LeasesError> {
        let mut connection = self.connection.clone();
        let is_alive: bool = redis::cmd("PEXPIRE")
            .arg(self.key(id))
            .arg(millis(life))
            .query_async(&mut connection)
            .await?;
        if is_alive {
            self.enlist(id).await?;
        }
        Ok(is_alive)
    }

    pub(super) async fn list(&self) -> Result<Vec<(LeaseId, u64)>, LeasesError> {
        let mut connection = self.connection.clone();
        let words: Vec<String> = redis::cmd("SMEMBERS")
            .arg(self.index())
            .query_async(&mut connection)
            .await?;
        let ids: Vec<LeaseId> = words
            .iter()
            .filter_map(|word| word.parse().ok().map(LeaseId))
            .collect();
        // One question each, at once: on a cluster the leases lie on different servers.
        let revisions = try_join_all(ids.iter().map(|id| self.revision(*id))).await?;
        let (alive, ended): (Vec<_>, Vec<_>) = ids
            .into_iter()
            .zip(revisions)
            .partition(|(_, revision)| revision.is_some());
        if !ended.is_empty() {
            let mut forget = redis::cmd("SREM");
            forget.arg(self.index());
            for (id, _) in &ended {
                forget.arg(id.0.to_string());
            }
            // One that comes back between the two looks is put into the set again by its next renewal.
            forget.query_async::<()>(&mut connection).await?;
        }
        Ok(alive
            .into_iter()
            .filter_map(|(id, revision)| Some((id, revision?)))
            .collect())
    }

    pub(super) async fn find(&self, id: LeaseId) -> Result<Option<LeaseRead>, LeasesError> {
        let mut connection = self.connection.clone();
        let fields: HashMap<String, Vec<u8>> = redis::cmd("HGETALL")
            .arg(self.key(id))
            .query_async(&mut connection)
            .await?;
        let Some(revision) = fields
            .get(REVISION)
            .and_then(|text| std::str::from_utf8(text).ok()?.parse().ok())
        else {
            return Ok(None);
        };
        let people = fields
            .into_iter()
            .filter_map(|(user, value)| Some((user.parse::<UserId>().ok()?, Bytes::from(value))))
            .collect();
        Ok(Some(LeaseRead { revision, people }))
    }

    /// None when the lease is gone.
    async fn revision(&self, id: LeaseId) -> Result<Option<u64>, RedisError> {
        let mut connection = self.connection.clone();
        redis::cmd("HGET")
            .arg(self.key(id))
            .arg(REVISION)
            .query_async(&mut connection)
            .await
    }

    /// Apart from the write: on a cluster the two keys may lie on different servers.
    async fn enlist(&self, id: LeaseId) -> Result<(), LeasesError> {
        let mut connection = self.connection.clone();
        redis::cmd("SADD")
            .arg(self.index())
            .arg(id.0.to_string())
            .query_async::<()>(&mut connection)
            .await?;
        Ok(())
    }

    fn index(&self) -> String {
        format!("{}:leases", self.space)
    }

    fn key(&self, id: LeaseId) -> String {
        format!("{}:lease:{{{}}}", self.space, id.0)
    }
}

fn millis(life: Duration) -> i64 {
    i64::try_from(life.as_millis()).unwrap_or(i64::MAX)
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("space", &self.space)
            .finish_non_exhaustive()
    }
}
