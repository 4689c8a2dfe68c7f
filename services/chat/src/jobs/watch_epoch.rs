//! Notices that the log's epoch was bumped, and tells the gateways.

use std::sync::Arc;

use tokio::sync::watch;

use crate::{app::App, store::log_state};

/// Looks at the stored epoch every now and then.
pub(crate) fn spawn(app: &Arc<App>, known: watch::Sender<u64>) {
    let watched = Arc::clone(app);
    app.tasks.critical("chat.watch_epoch", async move {
        let shutdown = watched.tasks.shutdown().clone();
        loop {
            tokio::select! {
                () = shutdown.signalled() => return,
                () = tokio::time::sleep(watched.config.epoch_poll) => {}
            }
            // A database that does not answer keeps the epoch we know; the next look will tell.
            let look = kith_postgres::patiently(log_state::find_epoch(&watched.pool)).await;
            let Ok(epoch) = look else {
                continue;
            };
            if known.send_if_modified(|known| std::mem::replace(known, epoch) != epoch) {
                tracing::warn!(epoch, "the log's epoch was bumped");
                watched.fanout.publish_epoch(epoch);
            }
        }
    });
}
