//! Notices that the log's epoch was bumped, and tells the gateways.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{app::App, store::log_state};

/// Longer than the database gives the statement: a connection that died without a word must not end the looking.
const PATIENCE: Duration = Duration::from_secs(4);

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
            let look = tokio::time::timeout(PATIENCE, log_state::find_epoch(&watched.pool)).await;
            let Ok(Ok(epoch)) = look else {
                continue;
            };
            if known.send_if_modified(|known| std::mem::replace(known, epoch) != epoch) {
                tracing::warn!(epoch, "the log's epoch was bumped");
                watched.fanout.publish_epoch(epoch);
            }
        }
    });
}
