//! A connection to one Redis server or to a Redis Cluster. Made when it is first used, and again after it was lost.

use std::{sync::Arc, time::Duration};

use kith_bus::Servers;
use redis::{
    Client, Cmd, Pipeline, RedisError, RedisFuture, Value,
    aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig},
    cluster::{ClusterClient, ClusterClientBuilder},
    cluster_async::ClusterConnection,
};
use tokio::sync::Mutex;

/// What an answer may take: who is here must not wait for a Redis that is away.
const PATIENCE: Duration = Duration::from_millis(500);
/// Following a slot to the server that has it now takes one.
const RETRIES: u32 = 2;

/// Cheap to clone; clones share it.
#[derive(Clone)]
pub(super) enum Connection {
    One(ConnectionManager),
    Cluster(Cluster),
}

#[derive(Clone)]
pub(super) struct Cluster {
    client: Arc<ClusterClient>,
    present: Arc<Mutex<Option<ClusterConnection>>>,
}

impl Connection {
    pub(super) fn new(servers: &Servers) -> Result<Self, RedisError> {
        if servers.is_cluster() {
            return Cluster::new(servers).map(Self::Cluster);
        }
        let client = Client::open(servers.addresses()[0].clone())?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(0);
        ConnectionManager::new_lazy_with_config(client, config).map(Self::One)
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(manager) => manager.req_packed_command(cmd),
            Self::Cluster(cluster) => Box::pin(async move {
                let mut connection = cluster.connected().await?;
                let answer = connection.req_packed_command(cmd).await;
                cluster.judge(answer).await
            }),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(manager) => manager.req_packed_commands(commands, offset, count),
            Self::Cluster(cluster) => Box::pin(async move {
                let mut connection = cluster.connected().await?;
                let answer = connection.req_packed_commands(commands, offset, count);
                cluster.judge(answer.await).await
            }),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(manager) => manager.get_db(),
            Self::Cluster(_) => 0,
        }
    }
}

impl Cluster {
    fn new(servers: &Servers) -> Result<Self, RedisError> {
        let client = ClusterClientBuilder::new(servers.addresses().iter().cloned())
            .connection_timeout(PATIENCE)
            .response_timeout(PATIENCE)
            .overall_response_timeout(Some(PATIENCE))
            .retries(RETRIES)
            .build()?;
        Ok(Self {
            client: Arc::new(client),
            present: Arc::default(),
        })
    }

    async fn connected(&self) -> Result<ClusterConnection, RedisError> {
        let mut present = self.present.lock().await;
        if let Some(connection) = &*present {
            return Ok(connection.clone());
        }
        let connecting = self.client.get_async_connection();
        let connection = tokio::time::timeout(PATIENCE, connecting)
            .await
            .map_err(|_| {
                RedisError::from((redis::ErrorKind::Io, "the cluster does not answer"))
            })??;
        Ok(present.insert(connection).clone())
    }

    /// A connection that failed otherwise than by a refusal is not used again: the next begins with the addresses that were given.
    async fn judge<T>(&self, answer: Result<T, RedisError>) -> Result<T, RedisError> {
        if let Err(error) = &answer
            && !matches!(error.kind(), redis::ErrorKind::Server(_))
        {
            *self.present.lock().await = None;
        }
        answer
    }
}
