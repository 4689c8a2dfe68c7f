//! The friends service owns the graph - requests, friendships, blocks - and everybody's privacy settings, and is the one place that answers
//! "may A … B?". It promises that two people have one relation at a time, that a block or a changed setting holds in chat before it is
//! answered, and that every device of a person learns of every change. It refuses to say who blocks whom, and it does not decide who
//! exists: that is accounts' word.
#![warn(missing_docs)]

mod app;
mod config;
mod domain;
mod error;
mod jobs;
mod rpc;
mod siblings;
mod store;

use kith_api::friends::v1::{
    contact_service_server::ContactServiceServer, friends_service_server::FriendsServiceServer,
    graph_import_service_server::GraphImportServiceServer,
};
use kith_auth::{CallerInterceptor, CallerSigner, ClusterKey};
use kith_client::Upstream;
use kith_clock::Clock;
use kith_postgres::page::Cursors;
use kith_runtime::Tasks;
use sqlx::PgPool;
use tonic::service::{Routes, interceptor::InterceptedService};

pub use config::Config;

/// The schema's migrations.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// The defaults of [`Config`], as TOML.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

/// The largest message that a caller may send.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// What the service needs from the process.
#[derive(Debug, Clone)]
pub struct Deps {
    /// Connections to the database that holds schema `friends`.
    pub pool: PgPool,
    /// Time and ids.
    pub clock: Clock,
    /// Signs callers and cursors.
    pub cluster_key: ClusterKey,
    /// Where background loops run.
    pub tasks: Tasks,
    /// Who exists.
    pub accounts: Upstream,
    /// Who must be told.
    pub chat: Upstream,
    /// Who must be told who sees whom.
    pub presence: Upstream,
}

/// The service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration makes no sense.
    #[error("the configuration of friends: {}", .0.join("; "))]
    Config(Vec<String>),
}

/// The running service; its loops end with the tasks' shutdown.
#[derive(Debug, Clone)]
pub struct Running {
    service: InterceptedService<FriendsServiceServer<rpc::Friends>, CallerInterceptor>,
    contacts: InterceptedService<ContactServiceServer<rpc::contacts::Contacts>, CallerInterceptor>,
    import:
        InterceptedService<GraphImportServiceServer<rpc::import::GraphImport>, CallerInterceptor>,
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
    let app = app::App {
        pool: deps.pool,
        clock: deps.clock.clone(),
        cursors: Cursors::new(deps.cluster_key.clone()),
        cluster_key: deps.cluster_key.clone(),
        contacts: config.contacts,
        siblings: siblings::Siblings::new(deps.accounts, deps.chat, deps.presence, &config),
        sibling_turns: siblings::Turns::new("friends", config.sibling_calls, config.turn_timeout),
        wake: std::sync::Arc::default(),
    };
    let relays = [
        (
            "friends.relay_outbox",
            jobs::relay_outbox::Relay::urgent(app.clone(), config.clone()),
        ),
        (
            "friends.announce",
            jobs::relay_outbox::Relay::long(app.clone(), config),
        ),
    ];
    let shutdown = deps.tasks.shutdown().clone();
    deps.tasks.spawn(
        "friends.index_users",
        jobs::index_users::run(app.clone(), shutdown.clone()),
    );
    for (name, relay) in relays {
        let shutdown = shutdown.clone();
        deps.tasks
            .restarting(name, move || relay.clone().run(shutdown.clone()));
    }
    let contacts = ContactServiceServer::new(rpc::contacts::Contacts::new(app.clone()))
        .max_decoding_message_size(MAX_MESSAGE);
    let import = GraphImportServiceServer::new(rpc::import::GraphImport::new(app.clone()))
        .max_decoding_message_size(MAX_MESSAGE);
    let server =
        FriendsServiceServer::new(rpc::Friends::new(app)).max_decoding_message_size(MAX_MESSAGE);
    let signer = CallerSigner::new(deps.cluster_key, deps.clock);
    Ok(Running {
        service: InterceptedService::new(server, CallerInterceptor::new(signer.clone())),
        contacts: InterceptedService::new(contacts, CallerInterceptor::new(signer.clone())),
        import: InterceptedService::new(import, CallerInterceptor::new(signer)),
    })
}

impl Running {
    /// The service's gRPC routes; calls without a signed caller are refused.
    pub fn routes(&self) -> Routes {
        Routes::new(self.service.clone())
            .add_service(self.contacts.clone())
            .add_service(self.import.clone())
    }
}
