//! What every handler and every socket needs: the services, who is calling, the limits, and whether the node is leaving.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use kith_client::Upstream;
use kith_clock::Clock;
use kith_runtime::{Shutdown, Tasks};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use crate::{
    Deps,
    admission::Admission,
    config::{Config, Network},
    identity::Identity,
    limits::Limits,
    rest::health::Readiness,
};

/// Devices that are told to go come back elsewhere over this time: long enough for the other nodes to take them.
const LONGEST_DRAIN: Duration = Duration::from_secs(10);

/// The state of a gateway node, shared by handlers and sockets.
pub(crate) type AppState = Arc<Gateway>;

/// The state of a gateway node.
pub(crate) struct Gateway {
    pub(crate) accounts: Upstream,
    pub(crate) friends: Upstream,
    pub(crate) chat: Upstream,
    pub(crate) presence: Upstream,
    pub(crate) identity: Identity,
    pub(crate) limits: Limits,
    pub(crate) admission: Admission,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
    pub(crate) config: Config,
    /// `config.trusted_proxies`, read.
    pub(crate) proxies: Vec<Network>,
    /// Signalled when the node begins to leave: readiness is off, sockets send `drain` and close 1001.
    pub(crate) draining: Shutdown,
    /// Over how long the sockets of the leaving node are closed; said before `draining` is signalled.
    drain_window: OnceLock<Duration>,
    /// Open connections. A socket holds a token of it for as long as it is open, because the connection that it was upgraded from has ended by then.
    pub(crate) connections: TaskTracker,
    pub(crate) readiness: Readiness,
    /// Parts that are away without which the node still serves.
    pub(crate) degraded: RwLock<Vec<&'static str>>,
    /// Where the demo leaves its logins.
    pub(crate) demo_logins: PathBuf,
}

impl Gateway {
    /// Puts the state together, and gives the listener back. Nothing runs yet.
    pub(crate) fn new(config: Config, deps: Deps) -> (AppState, TcpListener) {
        let state = Arc::new(Self {
            identity: Identity::new(deps.accounts.clone(), deps.clock.clone()),
            limits: Limits::new(&deps.limits),
            admission: Admission::new(&config),
            accounts: deps.accounts,
            friends: deps.friends,
            chat: deps.chat,
            presence: deps.presence,
            clock: deps.clock,
            tasks: deps.tasks,
            proxies: config.proxies(),
            config,
            draining: Shutdown::new(),
            drain_window: OnceLock::new(),
            connections: TaskTracker::new(),
            readiness: Readiness::default(),
            degraded: RwLock::default(),
            demo_logins: deps.demo_logins,
        });
        (state, deps.listener)
    }

    /// Begins to leave. Sockets are closed over half of `grace`: the other half is for those that still wait for an answer.
    pub(crate) fn drain_within(&self, grace: Duration) {
        let _ = self.drain_window.set((grace / 2).min(LONGEST_DRAIN));
        self.draining.signal();
    }

    /// Waits until no new connection is to be taken: balancers have had their time to see that the node leaves, and the last socket is told to close.
    pub(crate) async fn closed(&self) {
        self.draining.signalled().await;
        tokio::time::sleep(self.config.linger.max(self.drain_window())).await;
    }

    /// Over how long the sockets of this node are closed, now that it leaves.
    pub(crate) fn drain_window(&self) -> Duration {
        self.drain_window.get().copied().unwrap_or_default()
    }

    /// What `/readyz` says is away.
    pub(crate) fn degraded(&self) -> Vec<&'static str> {
        self.degraded
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
