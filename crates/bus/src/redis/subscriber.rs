//! Keeps one connection subscribed to what the subscribers want, whatever happens to the connection.

use std::sync::Arc;

use bytes::Bytes;
use kith_runtime::Tasks;
use redis::{
    AsyncConnectionConfig, Client, IntoConnectionInfo as _, Pipeline, ProtocolVersion, PushInfo,
    PushKind, Value, aio::MultiplexedConnection,
};
use tokio::sync::Notify;

use super::{PATIENCE, PAUSES, Shared, Space};
use crate::BusError;

pub(super) fn spawn(
    url: &str,
    space: Space,
    shared: Arc<Shared>,
    tasks: &Tasks,
) -> Result<(), BusError> {
    let info = url.into_connection_info().map_err(BusError::Url)?;
    // Pushes beside replies exist in RESP3 only.
    let redis = info
        .redis_settings()
        .clone()
        .set_protocol(ProtocolVersion::RESP3);
    let client = Client::open(info.set_redis_settings(redis)).map_err(BusError::Url)?;
    let shutdown = tasks.shutdown().clone();
    tasks.spawn("bus.subscribe", async move {
        tokio::select! {
            () = run(client, &space, &shared) => {}
            () = shutdown.signalled() => {}
        }
    });
    Ok(())
}

async fn run(client: Client, space: &Space, shared: &Arc<Shared>) {
    let mut pause = PAUSES.0;
    loop {
        let lost = Arc::new(Notify::new());
        match connect(&client, space, shared, &lost).await {
            Ok(connection) => {
                pause = PAUSES.0;
                let error = keep_subscribed(connection, space, shared, &lost).await;
                tracing::warn!(error = %error, "the subscriptions at redis were lost");
            }
            Err(error) => tracing::warn!(error = %error, "redis cannot be reached"),
        }
        shared.disconnected();
        tokio::time::sleep(pause.mul_f64(kith_clock::jitter(0.3))).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

async fn connect(
    client: &Client,
    space: &Space,
    shared: &Arc<Shared>,
    lost: &Arc<Notify>,
) -> Result<MultiplexedConnection, redis::RedisError> {
    let (space, shared, lost) = (space.clone(), Arc::clone(shared), Arc::clone(lost));
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE))
        .set_push_sender(move |push: PushInfo| {
            hear(&space, &shared, &lost, push);
            Ok::<_, redis::aio::SendError>(())
        });
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
}

fn hear(space: &Space, shared: &Shared, lost: &Notify, push: PushInfo) {
    match push.kind {
        PushKind::Disconnection => lost.notify_one(),
        PushKind::SMessage => {
            let mut data = push.data.into_iter();
            if let (Some(Value::BulkString(channel)), Some(Value::BulkString(payload))) =
                (data.next(), data.next())
                && let Some(shard) = space.shard(&channel)
            {
                shared.hear(shard, &Bytes::from(payload));
            }
        }
        _ => {}
    }
}

/// Brings Redis to what is wanted, again and again, until the connection fails.
async fn keep_subscribed(
    mut connection: MultiplexedConnection,
    space: &Space,
    shared: &Shared,
    lost: &Notify,
) -> redis::RedisError {
    // From here on, who adds a shard waits for its confirmation; who did before is told below.
    shared.connected();
    let mut is_fresh = true;
    loop {
        if let Err(error) = reconcile(&mut connection, space, shared).await {
            return error;
        }
        if std::mem::take(&mut is_fresh) {
            // Only now: told earlier, subscribers would look at the heads before their shards are in effect again.
            shared.interrupt();
        }
        tokio::select! {
            () = shared.changed.notified() => {}
            () = lost.notified() => {
                return redis::RedisError::from((redis::ErrorKind::Io, "the connection ended"));
            }
            // An idle connection that died without a word is found by asking.
            () = tokio::time::sleep(PATIENCE * 2) => {
                if let Err(error) = redis::cmd("PING").query_async::<()>(&mut connection).await {
                    return error;
                }
            }
        }
    }
}

async fn reconcile(
    connection: &mut MultiplexedConnection,
    space: &Space,
    shared: &Shared,
) -> Result<(), redis::RedisError> {
    let (missing, unwanted) = {
        let mut state = shared.lock();
        let missing: Vec<u16> = state
            .wanted
            .keys()
            .filter(|shard| !state.confirmed.contains(shard))
            .copied()
            .collect();
        let unwanted: Vec<u16> = state
            .confirmed
            .iter()
            .filter(|shard| !state.wanted.contains_key(shard))
            .copied()
            .collect();
        // From here on they count as unsubscribed: who wants one again waits for a new confirmation.
        for shard in &unwanted {
            state.confirmed.remove(shard);
        }
        (missing, unwanted)
    };
    command(connection, space, "SUNSUBSCRIBE", &unwanted).await?;
    command(connection, space, "SSUBSCRIBE", &missing).await?;
    let mut state = shared.lock();
    state.confirmed.extend(missing);
    let confirmed = std::mem::take(&mut state.confirmed);
    state.waiting.retain_mut(|(shards, _)| {
        shards.retain(|shard| !confirmed.contains(shard));
        // Dropping the sender is the answer.
        !shards.is_empty()
    });
    state.confirmed = confirmed;
    Ok(())
}

/// One channel a command: each is answered by one push, which is what the connection counts.
async fn command(
    connection: &mut MultiplexedConnection,
    space: &Space,
    name: &str,
    shards: &[u16],
) -> Result<(), redis::RedisError> {
    if shards.is_empty() {
        return Ok(());
    }
    let mut pipeline = Pipeline::with_capacity(shards.len());
    for shard in shards {
        pipeline.cmd(name).arg(space.channel(*shard)).ignore();
    }
    pipeline.query_async(connection).await
}
