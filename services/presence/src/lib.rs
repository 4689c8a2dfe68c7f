//! The presence service owns who is here: connected, away, invisible, what people say of themselves, and when they were last seen. It promises that
//! a person goes offline when their last device does or their node dies, that only those see it whom friends lets, and that the cost follows what people
//! watch. It refuses to guess: of whom it cannot see it says nothing. Who may see whom is friends' word.
#![warn(missing_docs)]

mod app;
mod board;
mod config;
mod domain;
mod error;
mod hints;
mod jobs;
mod rpc;
mod siblings;
mod store;

use std::sync::Arc;

use kith_api::presence::v1::presence_service_server::PresenceServiceServer;
use kith_auth::{CallerInterceptor, CallerSigner, ClusterKey};
use kith_bus::Bus;
use kith_client::Upstream;
use kith_clock::Clock;
use kith_runtime::Tasks;
use sqlx::PgPool;
use tonic::service::{Routes, interceptor::InterceptedService};

use crate::siblings::{Friends, Turns};

pub use config::Config;
pub use store::leases::{Leases, LeasesError};

/// The schema's migrations.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// The defaults of [`Config`], as TOML.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

/// The largest message that a caller may send: a thousand watches of 200 ids each.
const MAX_MESSAGE: usize = 16 * 1024 * 1024;

/// What the service needs from the process.
#[derive(Debug, Clone)]
pub struct Deps {
    /// Connections to the database that holds schema `presence`.
    pub pool: PgPool,
    /// Time and ids.
    pub clock: Clock,
    /// Signs callers.
    pub cluster_key: ClusterKey,
    /// Where background loops run.
    pub tasks: Tasks,
    /// Hints between presence nodes; nobody else's.
    pub bus: Bus,
    /// Who is on which live lease, shared by the presence nodes.
    pub leases: Leases,
    /// Who may see whom.
    pub friends: Upstream,
}

/// The service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration makes no sense.
    #[error("the configuration of presence: {}", .0.join("; "))]
    Config(Vec<String>),
}

/// The running service; its loops end with the tasks' shutdown.
#[derive(Debug, Clone)]
pub struct Running {
    service: InterceptedService<PresenceServiceServer<rpc::Presence>, CallerInterceptor>,
}

/// Starts the service's loops and makes its gRPC service.
#[expect(
    clippy::unused_async,
    reason = "all services start the same way, and others have something to wait for"
)]
pub async fn start(config: Config, deps: Deps) -> Result<Running, StartError> {
    let problems = config.validate();
    if !problems.is_empty() {
        return Err(StartError::Config(problems));
    }
    let signer = CallerSigner::new(deps.cluster_key, deps.clock.clone());
    let turns = |count| Turns::new(count, config.turn_timeout);
    let app = app::App {
        pool: deps.pool,
        board: Arc::new(board::Board::new(deps.clock.clone(), config.coalesce)),
        clock: deps.clock,
        tasks: deps.tasks.clone(),
        signer: signer.clone(),
        leases: deps.leases,
        hints: hints::Hints::new(deps.bus),
        friends: Friends::new(deps.friends, turns(config.friends_calls)),
        sibling_turns: turns(config.sibling_calls),
        heeded: Arc::default(),
        sweep_now: Arc::default(),
        config: Arc::new(config),
    };
    jobs::start(&app, &deps.tasks);
    let server =
        PresenceServiceServer::new(rpc::Presence::new(app)).max_decoding_message_size(MAX_MESSAGE);
    Ok(Running {
        service: InterceptedService::new(server, CallerInterceptor::new(signer)),
    })
}

impl Running {
    /// The service's gRPC routes; calls without a signed caller are refused.
    pub fn routes(&self) -> Routes {
        Routes::new(self.service.clone())
    }
}
