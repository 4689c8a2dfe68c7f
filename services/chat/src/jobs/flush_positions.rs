//! Writes the positions that wait for the end of their second, and at the shutdown all of them.

use std::{sync::Arc, time::Duration};

use crate::app::{App, positions::Writing, write_positions_together::write_positions_together};

/// How often what waits is looked through.
const TICK: Duration = Duration::from_millis(100);
/// Positions in one transaction.
const BATCH: usize = 500;
/// Tries to write everything before the process ends.
const LAST_TRIES: usize = 3;

/// Runs until the shutdown, and then until everything is written.
pub(crate) fn spawn(app: &Arc<App>) {
    let app = Arc::clone(app);
    app.clone()
        .tasks
        .critical("chat.flush_positions", async move {
            let shutdown = app.tasks.shutdown().clone();
            loop {
                tokio::select! {
                    () = shutdown.signalled() => break,
                    () = tokio::time::sleep(TICK) => {}
                }
                while let Some(writing) = app.positions.take_due(BATCH) {
                    if !flush(&app, writing).await {
                        break;
                    }
                }
            }
            app.positions.close();
            let mut tries = LAST_TRIES;
            while tries > 0
                && let Some(writing) = app.positions.take_all(BATCH)
            {
                if !flush(&app, writing).await {
                    tries -= 1;
                }
            }
        });
}

/// Writes a batch; false when some of it waits for the next try.
async fn flush(app: &App, writing: Writing<'_>) -> bool {
    let unwritten = write_positions_together(app, writing).await;
    for error in unwritten.values().flatten() {
        tracing::warn!(%error, "a position could not be written and waits");
    }
    unwritten.is_empty()
}
