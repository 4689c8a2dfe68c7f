//! Keeps the server alive: starts it again when it dies on its own, ends it when the node does.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use kith_runtime::Shutdown;
use rustix::process::{Pid, Signal};
use tokio::process::Child;

use super::{Access, Binaries, DataFolder, Error, Owner, child, orphan};

/// How long a fast shutdown may write its checkpoint. With the gateway's grace period this stays under ten seconds
/// in all, and an immediate shutdown after it costs the next start a recovery, never data.
const FAST_SHUTDOWN_LIMIT: Duration = Duration::from_millis(1500);
/// The first pause before a restart, and the longest.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// What the supervisor works with.
pub(super) struct Parts {
    pub(super) folder: DataFolder,
    pub(super) binaries: Binaries,
    pub(super) owner: Owner,
    pub(super) access: Access,
    pub(super) child: Child,
    pub(super) stop: Shutdown,
}

/// The watch over the server; runs as one task of the node.
pub struct Supervisor {
    parts: Parts,
    abort: AbortHandle,
}

/// Ends the server from outside, without waiting, when the node must go at once.
#[derive(Debug, Clone, Default)]
pub struct AbortHandle(Arc<AtomicI32>);

impl AbortHandle {
    /// Tells the server to end immediately.
    pub fn abort(&self) {
        if let Some(pid) = Pid::from_raw(self.0.load(Ordering::Acquire)) {
            let _ = rustix::process::kill_process(pid, Signal::QUIT);
        }
    }

    fn follow(&self, child: Option<&Child>) {
        let pid = child
            .and_then(child::pid_of)
            .map_or(0, |pid| pid.as_raw_nonzero().get());
        self.0.store(pid, Ordering::Release);
    }
}

impl Supervisor {
    pub(super) fn new(parts: Parts) -> Self {
        let abort = AbortHandle::default();
        abort.follow(Some(&parts.child));
        Self { parts, abort }
    }

    /// Ends the server at once, from wherever the second signal is heard.
    pub fn abort_handle(&self) -> AbortHandle {
        self.abort.clone()
    }

    /// Watches until the stop token is cancelled, then ends the server.
    pub async fn run(mut self) {
        let stop = self.parts.stop.clone();
        loop {
            tokio::select! {
                () = stop.signalled() => break,
                status = self.parts.child.wait() => {
                    tracing::error!(?status, "the embedded database died; starting it again");
                    self.abort.follow(None);
                }
            }
            if !self.restart().await {
                return;
            }
        }
        child::stop(&mut self.parts.child, FAST_SHUTDOWN_LIMIT).await;
        self.abort.follow(None);
        tracing::info!("the embedded database has ended");
    }

    /// Tries until it runs again; false when the node ends first.
    async fn restart(&mut self) -> bool {
        let mut pause = BACKOFF.0;
        loop {
            tokio::select! {
                () = self.parts.stop.signalled() => return false,
                () = tokio::time::sleep(pause) => {}
            }
            match self.start_again().await {
                Ok(child) => {
                    self.abort.follow(Some(&child));
                    self.parts.child = child;
                    tracing::info!("the embedded database is back");
                    return true;
                }
                Err(error) => tracing::error!(%error, "the embedded database does not start"),
            }
            pause = (pause * 2).min(BACKOFF.1);
        }
    }

    async fn start_again(&self) -> Result<Child, Error> {
        let Parts {
            folder,
            binaries,
            owner,
            access,
            ..
        } = &self.parts;
        orphan::stop(&folder.database()).await?;
        child::start(folder, binaries, owner, access).await
    }
}
