//! The edge: turns the REST and WebSocket traffic of phones and browsers into gRPC calls and streams. Owns the client
//! contract's shapes, the limits and who is calling; holds no data, speaks no SQL and no Redis, and knows no business rule.

mod admission;
mod asyncapi;
mod config;
mod edge;
mod error;
mod extract;
mod identity;
mod limits;
mod openapi;
mod read;
mod rest;
mod router;
mod serve;
mod state;
#[cfg(test)]
mod testing;
mod upstream;
mod web;
mod wire;
mod ws;

use std::{io, net::SocketAddr, path::PathBuf, sync::PoisonError, time::Duration};

use kith_client::Upstream;
use kith_clock::Clock;
use kith_runtime::Tasks;
use tokio::net::TcpListener;

use crate::state::{AppState, Gateway};

pub use config::{Config, DEFAULTS};

/// The description of the REST calls as `/api/openapi.json` serves it, made readable.
pub fn description() -> String {
    openapi::text()
}

/// What a gateway is given.
pub struct Deps {
    /// Where it is reached; bound already.
    pub listener: TcpListener,
    /// The accounts service.
    pub accounts: Upstream,
    /// The friends service.
    pub friends: Upstream,
    /// The chat service.
    pub chat: Upstream,
    /// The presence service.
    pub presence: Upstream,
    /// Time and ids.
    pub clock: Clock,
    /// Where its tasks run.
    pub tasks: Tasks,
    /// The shared `[limits]`.
    pub limits: kith_config::Limits,
    /// Where the demo leaves its logins, as JSON, if somebody runs it.
    pub demo_logins: PathBuf,
}

/// The gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// `[gateway]` cannot be used; every problem.
    #[error("gateway configuration: {}", .0.join("; "))]
    Config(Vec<String>),
    /// The listener has no address.
    #[error("gateway listener: {0}")]
    Listener(#[from] io::Error),
}

/// A gateway that serves. Cheap to clone; clones are the same gateway.
#[derive(Clone)]
pub struct Running {
    state: AppState,
    local_addr: SocketAddr,
}

/// Starts to serve; goes on until the shutdown of its tasks, or [`Running::drain`].
#[expect(
    clippy::unused_async,
    reason = "all services start with the same signature"
)]
pub async fn start(config: Config, deps: Deps) -> Result<Running, StartError> {
    let problems = config.validate();
    if !problems.is_empty() {
        return Err(StartError::Config(problems));
    }
    let local_addr = deps.listener.local_addr()?;
    let (state, listener) = Gateway::new(config, deps);
    state.identity.start(&state.tasks);
    state.limits.start(&state.tasks);
    serve::start(&state, listener);
    Ok(Running { state, local_addr })
}

impl Running {
    /// Where it is reached.
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Says that a part without which the node still serves, such as `redis`, is away or back.
    pub fn set_degraded(&self, part: &'static str, is_away: bool) {
        let mut degraded = self
            .state
            .degraded
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        degraded.retain(|known| *known != part);
        if is_away {
            degraded.push(part);
        }
    }

    /// Leaves: readiness off, new sockets are refused, sockets are told and closed, requests in flight are finished. True when
    /// all of it was done within `grace`.
    pub async fn drain(&self, grace: Duration) -> bool {
        self.state.drain_within(grace);
        let left = async {
            tokio::time::sleep(self.state.config.linger).await;
            self.state.connections.close();
            self.state.connections.wait().await;
        };
        tokio::time::timeout(grace, left).await.is_ok()
    }
}
