//! The life of a node: configuration, telemetry, sockets, database, secret, migrations, services, gateway; then one line
//! that it is ready; and all of it backwards when it is told to end.

mod internal;
mod migrations;
mod peers;
mod ready;
mod secret;
mod service_keys;
mod services;
mod signals;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use kith_runtime::{Shutdown, Tasks};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::cli::{Place, Start};
use crate::config::Config;
use crate::embedded::{self, AbortHandle, DataFolder};
use crate::place::{self, INTERNAL_ADDRESS, PUBLIC_ADDRESS, Storage};
use crate::runtime;
use crate::say::{complain, say};

pub(crate) use secret::cluster_key;
pub(crate) use service_keys::ON_BEHALF_OF;
use services::Services;

/// What of the grace period is kept for the database's end and the last words of telemetry.
const DATABASE_SHARE: Duration = Duration::from_secs(2);
/// What an immediate end of the database takes, when there was no time for a checkpoint.
const ABORT_SHARE: Duration = Duration::from_millis(500);
/// The share that background tasks get after the sockets have gone.
const TASKS_SHARE: Duration = Duration::from_secs(1);
/// How often finished measurements are folded together; nobody may be scraping.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// Runs a node until it is told to end.
pub(crate) fn run(place: &Place, start: &Start) -> anyhow::Result<ExitCode> {
    match Config::load(place, Some(start)) {
        Ok(config) => runtime::block_on(config.server.worker_threads, until_ended(config)),
        Err(problems) => {
            complain(&format!("the configuration cannot be used:\n{problems}"));
            Ok(ExitCode::FAILURE)
        }
    }
}

async fn until_ended(config: Config) -> anyhow::Result<ExitCode> {
    let telemetry = kith_telemetry::init(&config.telemetry)?;
    raise_file_limit();
    let (stop, abort) = (Shutdown::new(), AbortHandle::default());
    signals::listen(stop.clone(), abort.clone())?;

    let grace = config.server.grace_period;
    let node = tokio::select! {
        node = Node::start(config, telemetry.metrics_handle(), abort.clone()) => node?,
        () = stop.signalled() => {
            abort.abort();
            tracing::info!("told to end while starting");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let healthy = tokio::select! {
        outcome = node.until_ready() => {
            if let Ok(line) = &outcome {
                say(line);
            }
            outcome.map(|_| ())
        }
        () = stop.signalled() => Ok(()),
    };
    let failed = match healthy {
        Ok(()) => node.until_told(&stop).await,
        Err(error) => {
            tracing::error!(%error, "the node does not answer");
            true
        }
    };
    node.stop(grace).await;
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Everything that runs.
struct Node {
    services: Services,
    storage: Storage,
    tasks: Tasks,
    /// Held for the node's life: its lock keeps other nodes out.
    folder: Option<DataFolder>,
}

impl Node {
    async fn start(
        config: Config,
        metrics: kith_telemetry::MetricsHandle,
        abort: AbortHandle,
    ) -> anyhow::Result<Self> {
        peers::judge(&config)?;
        let (public, internal) = bind(&config).await?;
        let folder = open_folder(&config)?;
        let storage = Storage::start(&config, folder.as_ref(), abort).await?;
        let tasks = Tasks::new(Shutdown::new());
        keep_metrics_small(&tasks, metrics.clone());
        let parts = services::Parts {
            config,
            storage: &storage,
            tasks: &tasks,
            metrics,
            public,
            internal,
        };
        let services = match Services::start(parts).await {
            Ok(services) => services,
            Err(error) => {
                tasks.shutdown().signal();
                storage.stop().await;
                return Err(error);
            }
        };
        tracing::info!(address = %services.internal_address(), "the internal port (metrics, health, gRPC) listens");
        if let Some(folder) = &folder {
            place::write_address(folder.path(), INTERNAL_ADDRESS, services.internal_address())?;
            place::write_address(folder.path(), PUBLIC_ADDRESS, services.address())?;
        }
        Ok(Self {
            services,
            storage,
            tasks,
            folder,
        })
    }

    /// Answers, as its callers see it.
    async fn until_ready(&self) -> anyhow::Result<String> {
        let address = self.services.address();
        if self.services.is_answered_over_tls() {
            // Whether others are answered is their certificates' matter too; that it listens is known.
            return Ok(format!("kith is ready: https://{address}"));
        }
        ready::wait(address).await?;
        Ok(format!("kith is ready: http://{address}"))
    }

    /// Waits for the signal to end; true when something broke instead.
    async fn until_told(&self, stop: &Shutdown) -> bool {
        tokio::select! {
            () = stop.signalled() => false,
            () = self.tasks.failed() => true,
            () = self.storage.failed() => true,
        }
    }

    /// Sockets first, so that nothing new begins; then what serves them; the database last.
    async fn stop(self, grace: Duration) {
        let deadline = Instant::now() + grace;
        tracing::info!(
            grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX),
            "ending"
        );
        if let Some(folder) = &self.folder {
            for name in [INTERNAL_ADDRESS, PUBLIC_ADDRESS] {
                let _ = std::fs::remove_file(folder.path().join(name));
            }
        }
        self.services
            .drain(grace.saturating_sub(DATABASE_SHARE + TASKS_SHARE))
            .await;
        self.tasks.shutdown().signal();
        let left = deadline
            .saturating_duration_since(Instant::now())
            .saturating_sub(DATABASE_SHARE);
        if !self.tasks.finish(left.max(TASKS_SHARE)).await {
            tracing::warn!(
                tasks = self.tasks.running(),
                "background tasks did not end in time"
            );
        }
        let left = deadline.saturating_duration_since(Instant::now());
        self.storage
            .stop_within(left.saturating_sub(ABORT_SHARE))
            .await;
        tracing::info!("ended");
    }
}

/// Sockets are bound before anything slow, so that a taken port is known at once.
async fn bind(config: &Config) -> anyhow::Result<(Option<TcpListener>, TcpListener)> {
    let server = &config.server;
    let public = if config.node.roles.contains(crate::config::Role::Gateway) {
        Some(listen(server.listen, "--listen").await?)
    } else {
        None
    };
    Ok((
        public,
        listen(server.internal_listen, "--internal-listen").await?,
    ))
}

async fn listen(address: std::net::SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} ({flag})"))
}

/// A node with an embedded database needs its folder to itself. One that was given a database uses the folder only to say
/// where its internal port is, and only if somebody named one.
fn open_folder(config: &Config) -> anyhow::Result<Option<DataFolder>> {
    if !config.is_embedded() && !config.names_folder() {
        return Ok(None);
    }
    match DataFolder::open(&config.folder()) {
        Ok(folder) => Ok(Some(folder)),
        Err(error @ embedded::Error::InUse { .. }) if !config.is_embedded() => {
            tracing::warn!(%error, "the address of the internal port is not written down");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn keep_metrics_small(tasks: &Tasks, metrics: kith_telemetry::MetricsHandle) {
    let shutdown = tasks.shutdown().clone();
    tasks.spawn("metrics upkeep", async move {
        loop {
            tokio::select! {
                () = tokio::time::sleep(METRICS_UPKEEP) => metrics.run_upkeep(),
                () = shutdown.signalled() => return,
            }
        }
    });
}

/// Every socket is a file: takes as many as the machine allows.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    ) {
        tracing::warn!(%error, "the limit of open files stays where it is");
    }
}
