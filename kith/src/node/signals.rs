//! SIGTERM and SIGINT: the first one asks the node to end, the second one ends it.

use kith_runtime::Shutdown;
use tokio::signal::unix::{SignalKind, signal};

use crate::embedded::AbortHandle;

/// Listens from now on. Not one of the node's tasks: it must hear the second signal while they are being waited for.
#[expect(
    clippy::disallowed_methods,
    reason = "nobody waits for it; it ends with the process"
)]
pub(super) fn listen(stop: Shutdown, abort: AbortHandle) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if stop.is_signalled() {
                abort.abort();
                tracing::warn!("told to end a second time: ending at once");
                std::process::exit(130);
            }
            stop.signal();
        }
    });
    Ok(())
}
