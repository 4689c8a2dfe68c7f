//! accounts owns who people are: users, passwords, sessions per device, the tokens that prove them, and the keys that sign those. It promises that
//! a session which has ended is known to have ended within a second everywhere, and that nothing stored lets anybody pose as somebody. It knows
//! nothing of friends or rooms, and shows nobody's profile: that is for friends to judge.
#![warn(missing_docs)]

mod app;
mod config;
mod domain;
mod error;
mod hashing;
mod jobs;
mod keys;
pub mod operator;
mod rpc;
mod store;

use std::sync::Arc;

use kith_api::accounts::v1::{
    accounts_service_server::AccountsServiceServer,
    user_import_service_server::UserImportServiceServer,
};
use kith_auth::{CallerInterceptor, CallerSigner, ClusterKey};
use kith_client::Upstream;
use kith_clock::Clock;
use kith_postgres::page::Cursors;
use kith_runtime::Tasks;
use secrecy::SecretString;
use sqlx::{PgPool, migrate::Migrator};
use tonic::service::{Routes, interceptor::InterceptedService};

pub use config::Config;
pub use error::Error;
pub use hashing::HashError;
pub use keys::KeyError;

use app::{App, News};

/// The schema `accounts`.
pub static MIGRATOR: Migrator = sqlx::migrate!();
/// The defaults of `[accounts]`.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

/// The largest message that is taken.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// What the service needs from its process.
#[derive(Debug)]
pub struct Deps {
    /// The database, migrated.
    pub pool: PgPool,
    /// The same, with connections for what must not wait behind everything else.
    pub reserved: PgPool,
    /// Time and ids.
    pub clock: Clock,
    /// Verifies callers and authenticates refresh tokens.
    pub cluster_key: ClusterKey,
    /// Runs the jobs, and ends them.
    pub tasks: Tasks,
    /// Hears of changed users.
    pub friends: Upstream,
    /// Hears of changed users and ended sessions.
    pub chat: Upstream,
    /// Wraps the signing keys in the database; without it they lie there plain, for a database that nobody else reads.
    pub secrets_key: Option<SecretString>,
}

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration, every problem of it.
    #[error("configuration: {}", .0.join("; "))]
    Config(Vec<String>),
    /// The signing keys could not be made or read.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The first hash failed.
    #[error(transparent)]
    Hash(#[from] HashError),
}

/// The running service.
#[derive(Debug)]
pub struct Running {
    app: Arc<App>,
}

/// Makes or loads the signing keys and starts the jobs.
pub async fn start(config: Config, deps: Deps) -> Result<Running, StartError> {
    let problems = config.validate();
    if !problems.is_empty() {
        return Err(StartError::Config(problems));
    }
    let keys =
        keys::KeyRing::start(&deps.pool, deps.clock.now(), deps.secrets_key.as_ref()).await?;
    let app = Arc::new(App {
        hasher: hashing::Hasher::start(&config).await?,
        keys,
        pool: deps.pool,
        reserved: deps.reserved,
        clock: deps.clock,
        cursors: Cursors::new(deps.cluster_key.clone()),
        cluster_key: deps.cluster_key,
        config,
        news: News::new(),
        shutdown: deps.tasks.shutdown().clone(),
    });
    jobs::start(&app, &deps.friends, &deps.chat, &deps.tasks);
    Ok(Running { app })
}

impl Running {
    /// The service, behind the check of the caller.
    pub fn routes(&self) -> Routes {
        let service = AccountsServiceServer::new(rpc::Rpc::new(Arc::clone(&self.app)))
            .max_decoding_message_size(MAX_MESSAGE);
        let signer = CallerSigner::new(self.app.cluster_key.clone(), self.app.clock.clone());
        let import =
            UserImportServiceServer::new(rpc::import::ImportRpc::new(Arc::clone(&self.app)))
                .max_decoding_message_size(MAX_MESSAGE);
        Routes::new(InterceptedService::new(
            service,
            CallerInterceptor::new(signer.clone()),
        ))
        .add_service(InterceptedService::new(
            import,
            CallerInterceptor::new(signer),
        ))
    }
}
