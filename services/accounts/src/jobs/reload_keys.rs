//! Notices keys that an operator rotated, long before they sign.

use std::sync::Arc;

use crate::app::App;

/// Until the shutdown.
pub(super) async fn run(app: Arc<App>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(app.config.signing_key_reload_interval) => {}
            () = app.shutdown.signalled() => return,
        }
        if let Err(error) = kith_postgres::patiently(app.keys.reload(&app.pool)).await {
            tracing::warn!(%error, "the signing keys could not be reloaded; the known ones go on");
        }
    }
}
