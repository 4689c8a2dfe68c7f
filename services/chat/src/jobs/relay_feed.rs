//! Keeps the feed up with the logs: at once for a lone event while somebody on this node listens, ten times a second under load, and now and then for
//! nobody, so that the news does not pile up.

use std::{sync::Arc, time::Duration};

use crate::app::{App, relay_feed::relay_feed};

/// Between two rounds: what gathers meanwhile is stamped together, which is what keeps the relay's share of the database small.
const PACE: Duration = Duration::from_millis(100);
/// How soon another node's commits are seen, while somebody listens here.
const POLL: Duration = Duration::from_millis(200);
/// The same while nobody does.
const IDLE_POLL: Duration = Duration::from_secs(5);

/// Until the shutdown.
pub(crate) async fn run(app: Arc<App>) {
    let shutdown = app.tasks.shutdown().clone();
    loop {
        let listened = app.feed.has_listeners();
        tokio::select! {
            () = shutdown.signalled() => return,
            () = app.feed.woken(), if listened => {}
            () = app.feed.first_listener(), if !listened => {}
            () = tokio::time::sleep(if listened { POLL } else { IDLE_POLL }) => {}
        }
        if let Err(error) = catch_up(&app).await {
            tracing::warn!(%error, "the feed stands still until the next round");
        }
        tokio::select! {
            () = shutdown.signalled() => return,
            () = tokio::time::sleep(PACE) => {}
        }
    }
}

async fn catch_up(app: &App) -> Result<(), crate::Error> {
    loop {
        let round = kith_postgres::patiently(relay_feed(&app.pool)).await?;
        app.feed.moved(round.head);
        if !round.is_full {
            return Ok(());
        }
    }
}
