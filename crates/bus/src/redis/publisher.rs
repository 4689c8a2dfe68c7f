//! Publishes in pipelines: while one is on its way the next collects.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use kith_runtime::Tasks;
use redis::{AsyncConnectionConfig, Client, Pipeline, aio::MultiplexedConnection};
use tokio::sync::mpsc;

use super::{PATIENCE, PAUSES, Space};

/// What a hint may take: later than that, the subscribers' own look at the heads is as quick.
const BUDGET: Duration = Duration::from_millis(200);
/// Payloads that wait; with more than that Redis is away.
const QUEUE: usize = 16_384;
/// Payloads of one pipeline.
const MAX_PIPELINE: usize = 512;

#[derive(Debug, Clone)]
pub(super) struct Publisher {
    queue: mpsc::Sender<Payload>,
    is_connected: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Payload {
    shard: u16,
    bytes: Bytes,
    queued: Instant,
}

pub(super) fn spawn(client: Client, space: Space, tasks: &Tasks) -> Publisher {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let publisher = Publisher {
        queue: sender,
        is_connected: Arc::default(),
    };
    let is_connected = Arc::clone(&publisher.is_connected);
    let shutdown = tasks.shutdown().clone();
    tasks.spawn("bus.publish", async move {
        tokio::select! {
            () = run(client, &space, receiver, &is_connected) => {}
            () = shutdown.signalled() => {}
        }
    });
    publisher
}

impl Publisher {
    pub(super) fn publish(&self, shard: u16, bytes: Bytes) {
        let payload = Payload {
            shard,
            bytes,
            queued: Instant::now(),
        };
        if self.queue.try_send(payload).is_err() {
            count("dropped", 1);
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.is_connected.load(Ordering::Acquire)
    }
}

async fn run(
    client: Client,
    space: &Space,
    mut queue: mpsc::Receiver<Payload>,
    is_connected: &AtomicBool,
) {
    let mut pause = PAUSES.0;
    loop {
        match connect(&client).await {
            Ok(connection) => {
                pause = PAUSES.0;
                is_connected.store(true, Ordering::Release);
                let ended = publish_all(connection, space, &mut queue).await;
                is_connected.store(false, Ordering::Release);
                match ended {
                    // Every handle of the bus is gone.
                    Ok(()) => return,
                    Err(error) => tracing::warn!(error = %error, "publishing to redis failed"),
                }
            }
            Err(error) => tracing::warn!(error = %error, "redis cannot be reached"),
        }
        tokio::time::sleep(pause.mul_f64(spread())).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Nodes that lost the same Redis come back at different times.
fn spread() -> f64 {
    kith_clock::jitter(0.3)
}

async fn connect(client: &Client) -> Result<MultiplexedConnection, redis::RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(BUDGET));
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
}

async fn publish_all(
    mut connection: MultiplexedConnection,
    space: &Space,
    queue: &mut mpsc::Receiver<Payload>,
) -> Result<(), redis::RedisError> {
    let mut payloads = Vec::with_capacity(MAX_PIPELINE);
    while queue.recv_many(&mut payloads, MAX_PIPELINE).await > 0 {
        let mut pipeline = Pipeline::with_capacity(payloads.len());
        let mut sent = 0;
        for payload in payloads.drain(..) {
            // Waited out while Redis was away.
            if payload.queued.elapsed() > BUDGET {
                count("late", 1);
                continue;
            }
            sent += 1;
            pipeline
                .cmd("SPUBLISH")
                .arg(space.channel(payload.shard))
                .arg(payload.bytes.as_ref())
                .ignore();
        }
        if sent == 0 {
            continue;
        }
        match pipeline.query_async::<()>(&mut connection).await {
            Ok(()) => count("published", sent),
            Err(error) => {
                count("failed", sent);
                return Err(error);
            }
        }
    }
    Ok(())
}

fn count(result: &'static str, payloads: u64) {
    metrics::counter!("kith_bus_payloads_total", "result" => result).increment(payloads);
}
