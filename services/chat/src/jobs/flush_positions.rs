//! Writes the positions that wait for the end of their second, and at the shutdown all of them.

use std::{sync::Arc, time::Duration};

use crate::app::{
    App,
    positions::Writing,
    write_positions::{WRITE_TIMEOUT, write_positions},
};

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

/// Writes a batch; false when it waits for the next try.
async fn flush(app: &App, mut writing: Writing<'_>) -> bool {
    let count = writing.batch().len();
    match kith_postgres::within(WRITE_TIMEOUT, write_positions(app, &mut writing)).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, count, "positions could not be written and wait");
            false
        }
    }
}
