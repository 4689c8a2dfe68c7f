//! Keeps the server alive: starts it again when it dies on its own, ends it when the node does.

use std::time::Duration;

use kith_runtime::Shutdown;
use tokio::process::Child;

use super::child::Server;
use super::{Error, child, orphan};

/// How long a fast shutdown may write its checkpoint. Whoever has less time uses the [`super::AbortHandle`]: an immediate end
/// costs the next start a recovery, never data.
const FAST_SHUTDOWN_LIMIT: Duration = Duration::from_mins(1);
/// The first pause before a restart, and the longest.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// The watch over the server; runs as one task of the node.
pub struct Supervisor {
    server: Server,
    child: Child,
    stop: Shutdown,
}

impl Supervisor {
    pub(super) const fn new(server: Server, child: Child, stop: Shutdown) -> Self {
        Self {
            server,
            child,
            stop,
        }
    }

    /// Watches until the stop token is cancelled, then ends the server.
    pub async fn run(mut self) {
        let stop = self.stop.clone();
        loop {
            tokio::select! {
                () = stop.signalled() => break,
                status = self.child.wait() => {
                    tracing::error!(?status, "the embedded database died; starting it again");
                    self.server.abort.follow(None);
                }
            }
            if !self.restart().await {
                return;
            }
        }
        self.end().await;
    }

    /// Ends the server.
    pub(super) async fn end(mut self) {
        child::stop(&mut self.child, FAST_SHUTDOWN_LIMIT).await;
        self.server.abort.follow(None);
        tracing::info!("the embedded database has ended");
    }

    /// Tries until it runs again; false when the node ends first.
    async fn restart(&mut self) -> bool {
        let mut pause = BACKOFF.0;
        loop {
            tokio::select! {
                () = self.stop.signalled() => return false,
                () = tokio::time::sleep(pause) => {}
            }
            let started = tokio::select! {
                started = self.start_again() => started,
                () = self.stop.signalled() => {
                    self.server.abort.abort();
                    return false;
                }
            };
            match started {
                Ok(child) => {
                    self.child = child;
                    tracing::info!("the embedded database is back");
                    return true;
                }
                Err(error) => tracing::error!(%error, "the embedded database does not start"),
            }
            pause = (pause * 2).min(BACKOFF.1);
        }
    }

    async fn start_again(&self) -> Result<Child, Error> {
        orphan::stop(&self.server.folder.database()).await?;
        child::start(&self.server).await
    }
}
