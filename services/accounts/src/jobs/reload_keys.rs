//! Notices keys that an operator rotated, long before they sign.

use std::{sync::Arc, time::Duration};

use crate::app::App;

/// Several times within the lead of a new key's publication.
const INTERVAL: Duration = Duration::from_secs(15);

/// Until the shutdown.
pub(super) async fn run(app: Arc<App>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = app.shutdown.signalled() => return,
        }
        if let Err(error) = app.keys.reload(&app.pool).await {
            tracing::warn!(%error, "the signing keys could not be reloaded; the known ones go on");
        }
    }
}
