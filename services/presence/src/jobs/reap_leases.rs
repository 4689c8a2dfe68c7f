//! Ends the leases that dead nodes left in the database. Any number of nodes may run it.

use crate::app::App;

pub(super) async fn run(app: App) {
    loop {
        if let Err(error) = kith_postgres::patiently(app.reap_leases()).await {
            tracing::warn!(%error, "ended leases cannot be reaped now");
        }
        tokio::time::sleep(app.config.beat().mul_f64(kith_clock::jitter(0.2))).await;
    }
}
