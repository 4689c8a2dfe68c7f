//! Keeps one connection to one server subscribed to what the subscribers want of it, whatever happens to the connection.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use kith_runtime::Tasks;
use redis::{
    AsyncConnectionConfig, Client, Pipeline, PushInfo, PushKind, RedisError, Value,
    aio::MultiplexedConnection,
};
use tokio::sync::Notify;

use super::{PATIENCE, PAUSES, link::Link, state::Shared};

/// What is heard on one connection.
struct Ear {
    shared: Arc<Shared>,
    lost: Notify,
    /// Channels that the server was asked to let go. One that it lets go unasked has moved to another server.
    leaving: AtomicUsize,
}

pub(super) fn spawn(client: Client, link: &Arc<Link>, shared: &Arc<Shared>, tasks: &Tasks) {
    let (link, shared) = (Arc::clone(link), Arc::clone(shared));
    tasks.spawn("bus.subscribe", async move {
        tokio::select! {
            () = run(client, &link, &shared) => {}
            () = link.end.signalled() => {}
        }
    });
}

async fn run(client: Client, link: &Arc<Link>, shared: &Arc<Shared>) {
    let mut pause = PAUSES.0;
    loop {
        let ear = Arc::new(Ear {
            shared: Arc::clone(shared),
            lost: Notify::new(),
            leaving: AtomicUsize::new(0),
        });
        let error = match connect(&client, Arc::clone(&ear)).await {
            Ok(connection) => keep_subscribed(connection, &ear, link, &mut pause).await,
            Err(error) => error,
        };
        tracing::warn!(error = %error, "no subscriptions at redis");
        shared.disconnected(link);
        shared.doubt.notify_one();
        tokio::time::sleep(pause.mul_f64(kith_clock::jitter(0.3))).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

async fn connect(client: &Client, ear: Arc<Ear>) -> Result<MultiplexedConnection, RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE))
        .set_push_sender(move |push: PushInfo| {
            ear.hear(push);
            Ok::<_, redis::aio::SendError>(())
        });
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
}

impl Ear {
    fn hear(&self, push: PushInfo) {
        match push.kind {
            PushKind::Disconnection => self.lost.notify_one(),
            PushKind::SUnsubscribe => self.let_go(),
            PushKind::SMessage => self.message(push.data),
            _ => {}
        }
    }

    fn message(&self, data: Vec<Value>) {
        let mut data = data.into_iter();
        if let (Some(Value::BulkString(channel)), Some(Value::BulkString(payload))) =
            (data.next(), data.next())
            && let Some(shard) = self.shared.space.shard(&channel)
        {
            self.shared.hear(shard, &Bytes::from(payload));
        }
    }

    fn let_go(&self) {
        let one_less = |leaving: usize| leaving.checked_sub(1);
        let asked = self
            .leaving
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less);
        if asked.is_err() {
            // The connection counts confirmations as replies, so it is also out of step now.
            self.lost.notify_one();
        }
    }
}

/// Brings the server to what is wanted, again and again, until the connection fails.
async fn keep_subscribed(
    mut connection: MultiplexedConnection,
    ear: &Ear,
    link: &Arc<Link>,
    pause: &mut Duration,
) -> RedisError {
    // From here on, who adds a shard waits for its confirmation; who did before is told below.
    ear.shared.connected(link);
    loop {
        if let Err(error) = reconcile(&mut connection, ear, link).await {
            return error;
        }
        *pause = PAUSES.0;
        tokio::select! {
            () = link.changed.notified() => {}
            () = ear.lost.notified() => {
                return RedisError::from((redis::ErrorKind::Io, "the connection ended"));
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
    ear: &Ear,
    link: &Arc<Link>,
) -> Result<(), RedisError> {
    // Before the look: what is owed for a later change is told after a later look.
    let owes_word = link.owes_word.swap(false, Ordering::AcqRel);
    let difference = ear.shared.difference(link);
    ear.leaving
        .fetch_add(difference.unwanted.len(), Ordering::AcqRel);
    command(connection, ear, "SUNSUBSCRIBE", &difference.unwanted).await?;
    command(connection, ear, "SSUBSCRIBE", &difference.missing).await?;
    ear.shared.confirm(link, difference.missing);
    if owes_word {
        ear.shared.interrupt();
    }
    Ok(())
}

/// One channel a command: each is answered by one push, which is what the connection counts.
async fn command(
    connection: &mut MultiplexedConnection,
    ear: &Ear,
    name: &str,
    shards: &[u16],
) -> Result<(), RedisError> {
    if shards.is_empty() {
        return Ok(());
    }
    let mut pipeline = Pipeline::with_capacity(shards.len());
    for shard in shards {
        pipeline
            .cmd(name)
            .arg(ear.shared.space.channel(*shard))
            .ignore();
    }
    pipeline.query_async(connection).await
}
