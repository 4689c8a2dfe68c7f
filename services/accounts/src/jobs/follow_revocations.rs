//! Asks how far the log of revocations goes: at once when this node ended a session, twice a second for the others.

use std::sync::Arc;

use crate::{app::App, store::revocations};

/// Until the shutdown.
pub(super) async fn run(app: Arc<App>) {
    loop {
        tokio::select! {
            () = app.news.sessions_ended.notified() => {}
            () = tokio::time::sleep(app.config.revocation_poll_interval) => {}
            () = app.shutdown.signalled() => return,
        }
        match find_head(&app).await {
            Ok(head) => {
                app.news.revocation_head.send_if_modified(|known| {
                    let changed = *known != head;
                    *known = head;
                    changed
                });
            }
            Err(error) => tracing::debug!(%error, "the revocations could not be polled"),
        }
    }
}

async fn find_head(app: &App) -> sqlx::Result<i64> {
    revocations::find_head(&mut *app.pool.acquire().await?).await
}
