//! Makes people findable of whom the search does not know yet: those who were here before it was. What comes later is written with the
//! change itself. Any number of nodes may run it.

use std::time::Duration;

use kith_runtime::Shutdown;

use crate::app::App;

/// After a failure: the database is being started, or busy.
const PAUSE: Duration = Duration::from_secs(5);

/// Runs until everybody is known to the search, or the shutdown.
pub(crate) async fn run(app: App, shutdown: Shutdown) {
    loop {
        match kith_postgres::patiently(app.index_users()).await {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                tracing::warn!(%error, "people cannot be made findable now");
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => {}
                    () = shutdown.signalled() => break,
                }
            }
        }
        if shutdown.is_signalled() {
            break;
        }
    }
}
