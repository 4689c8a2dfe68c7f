//! Puts a running chat service together: state, jobs, and the gRPC services in front.

use std::{sync::Arc, time::Duration};

use kith_api::chat::v1::{
    chat_service_server::ChatServiceServer, delivery_service_server::DeliveryServiceServer,
    feed_service_server::FeedServiceServer, ingest_service_server::IngestServiceServer,
    room_service_server::RoomServiceServer,
};
use kith_auth::{CallerInterceptor, CallerSigner, ClusterKey};
use kith_bus::Bus;
use kith_client::Upstream;
use kith_clock::Clock;
use kith_postgres::page::Cursors;
use kith_runtime::Tasks;
use sqlx::PgPool;
use tokio::sync::{Semaphore, watch};
use tonic::service::{Routes, interceptor::InterceptedService};

use crate::{
    Config,
    app::{self, App, feed::Feed},
    fanout::Fanout,
    jobs,
    lanes::{self, Lanes},
    rpc::Rpc,
    store,
};

/// The largest request: a full batch of commands from a gateway.
const MAX_REQUEST: usize = 4 * 1024 * 1024;
/// How often a database that does not answer yet is asked again at the start, and how many times.
const START_PAUSE: Duration = Duration::from_millis(250);
const START_ATTEMPTS: u32 = 40;

/// What chat needs of the process.
pub struct Deps {
    /// Chat's own schema.
    pub pool: PgPool,
    /// The same, with connections for what must not wait behind everything else.
    pub reserved: PgPool,
    /// Time and ids.
    pub clock: Clock,
    /// The secret all nodes share.
    pub cluster_key: ClusterKey,
    /// Where background work runs.
    pub tasks: Tasks,
    /// Hints between chat nodes.
    pub bus: Bus,
    /// Who exists.
    pub accounts: Upstream,
    /// Who may.
    pub friends: Upstream,
}

/// Chat could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration makes no sense.
    #[error("configuration: {}", .0.join("; "))]
    Config(Vec<String>),
    /// The log's epoch cannot be read.
    #[error("reading the log's epoch: {0}")]
    Epoch(#[source] sqlx::Error),
}

/// A chat service that runs.
pub struct Running {
    app: Arc<App>,
}

/// Starts chat's jobs and gives the service.
pub async fn start(config: Config, deps: Deps) -> Result<Running, StartError> {
    let problems = config.validate();
    if !problems.is_empty() {
        return Err(StartError::Config(problems));
    }
    let epoch = settle_epoch(&deps.pool).await?;
    let (epoch_sender, epoch) = watch::channel(epoch);
    let feed = Feed::default();
    // Nodes that share a database share a Redis.
    let is_alone = !deps.bus.reaches_others();
    let fanout = Fanout::start(deps.bus, &deps.tasks, config.stream_queue, feed.clone());
    let lane_deps = lanes::Deps {
        pool: deps.reserved.clone(),
        fanout: fanout.clone(),
        epoch: epoch.clone(),
    };
    let lanes = Lanes::start(&config, is_alone, &Arc::new(lane_deps), &deps.tasks);
    let (syncs, devices) = app::sync::Syncs::new();
    let app = Arc::new(App {
        syncs,
        cursors: Cursors::new(deps.cluster_key.clone()),
        signer: CallerSigner::new(deps.cluster_key.clone(), deps.clock.clone()),
        body_key: deps.cluster_key.derive("message body hash v1"),
        pool: deps.pool,
        reserved: deps.reserved,
        clock: deps.clock,
        tasks: deps.tasks,
        config,
        fanout,
        epoch,
        lanes,
        feed,
        watchers: Arc::new(Semaphore::new(app::watch_rooms::MAX_STREAMS)),
        positions: app::positions::Positions::default(),
        accounts: deps.accounts,
        friends: deps.friends,
    });
    devices.start(&app);
    jobs::watch_epoch::spawn(&app, epoch_sender);
    jobs::flush_positions::spawn(&app);
    jobs::spawn_feed(&app);
    Ok(Running { app })
}

/// Waits a bounded time for a database that is still starting.
async fn settle_epoch(pool: &PgPool) -> Result<u64, StartError> {
    let mut attempt = 0;
    loop {
        match store::log_state::settle(pool).await {
            Ok(epoch) => return Ok(epoch),
            Err(error) if attempt == START_ATTEMPTS || kith_postgres::trouble(&error).is_none() => {
                return Err(StartError::Epoch(error));
            }
            Err(_) => tokio::time::sleep(START_PAUSE).await,
        }
        attempt += 1;
    }
}

impl Running {
    /// The five services, each refusing calls without a caller context.
    pub fn routes(&self) -> Routes {
        let interceptor = CallerInterceptor::new(self.app.signer.clone());
        let rpc = Rpc::new(Arc::clone(&self.app));
        let chat = ChatServiceServer::new(rpc.clone()).max_decoding_message_size(MAX_REQUEST);
        let delivery =
            DeliveryServiceServer::new(rpc.clone()).max_decoding_message_size(MAX_REQUEST);
        let ingest = IngestServiceServer::new(rpc.clone()).max_decoding_message_size(MAX_REQUEST);
        let feed = FeedServiceServer::new(rpc.clone()).max_decoding_message_size(MAX_REQUEST);
        let rooms = RoomServiceServer::new(rpc).max_decoding_message_size(MAX_REQUEST);
        Routes::new(InterceptedService::new(chat, interceptor.clone()))
            .add_service(InterceptedService::new(delivery, interceptor.clone()))
            .add_service(InterceptedService::new(ingest, interceptor.clone()))
            .add_service(InterceptedService::new(feed, interceptor.clone()))
            .add_service(InterceptedService::new(rooms, interceptor))
    }
}
