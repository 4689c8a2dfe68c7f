//! Publishes at one server, in pipelines: while one is on its way the next collects.

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

use super::{PATIENCE, PAUSES, Space, link::Link, state::Shared};

/// What a hint may take: later than that, the subscribers' own look at the heads is as quick.
const BUDGET: Duration = Duration::from_millis(200);
/// Payloads that wait; with more than that Redis is away.
const QUEUE: usize = 16_384;
/// Payloads of one pipeline.
const MAX_PIPELINE: usize = 512;

/// Takes what is to be published.
#[derive(Debug)]
pub(super) struct Publisher {
    queue: mpsc::Sender<Payload>,
    is_connected: AtomicBool,
}

/// What was taken and not published yet.
#[derive(Debug)]
pub(super) struct Queue(mpsc::Receiver<Payload>);

#[derive(Debug)]
struct Payload {
    shard: u16,
    bytes: Bytes,
    queued: Instant,
}

pub(super) fn channel() -> (Publisher, Queue) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let publisher = Publisher {
        queue: sender,
        is_connected: AtomicBool::new(false),
    };
    (publisher, Queue(receiver))
}

pub(super) fn spawn(
    client: Client,
    queue: Queue,
    link: &Arc<Link>,
    shared: &Arc<Shared>,
    tasks: &Tasks,
) {
    let (link, shared) = (Arc::clone(link), Arc::clone(shared));
    tasks.spawn("bus.publish", async move {
        tokio::select! {
            () = run(client, queue, &link.publisher, &shared) => {}
            () = link.end.signalled() => {}
        }
    });
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

async fn run(client: Client, Queue(mut queue): Queue, publisher: &Publisher, shared: &Shared) {
    let mut pause = PAUSES.0;
    loop {
        let error = match connect(&client).await {
            Ok(connection) => {
                publisher.is_connected.store(true, Ordering::Release);
                let ended = publish_all(connection, &shared.space, &mut queue, &mut pause).await;
                publisher.is_connected.store(false, Ordering::Release);
                match ended {
                    // Nobody can publish here any more.
                    Ok(()) => return,
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        tracing::warn!(error = %error, "publishing to redis failed");
        shared.doubt.notify_one();
        // Nodes that lost the same Redis come back at different times.
        tokio::time::sleep(pause.mul_f64(kith_clock::jitter(0.3))).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

async fn connect(client: &Client) -> Result<MultiplexedConnection, redis::RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(BUDGET));
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
}

/// The pause is over with the first success, not with the connection: a server may live and refuse everything.
async fn publish_all(
    mut connection: MultiplexedConnection,
    space: &Space,
    queue: &mut mpsc::Receiver<Payload>,
    pause: &mut Duration,
) -> Result<(), redis::RedisError> {
    let mut payloads = Vec::with_capacity(MAX_PIPELINE);
    while queue.recv_many(&mut payloads, MAX_PIPELINE).await > 0 {
        let (pipeline, sent) = pipeline(space, payloads.drain(..));
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
        *pause = PAUSES.0;
    }
    Ok(())
}

/// What is still worth publishing.
fn pipeline(space: &Space, payloads: impl ExactSizeIterator<Item = Payload>) -> (Pipeline, u64) {
    let mut pipeline = Pipeline::with_capacity(payloads.len());
    let mut sent = 0;
    for payload in payloads {
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
    (pipeline, sent)
}

pub(super) fn count(result: &'static str, payloads: u64) {
    metrics::counter!("kith_bus_payloads_total", "result" => result).increment(payloads);
}
