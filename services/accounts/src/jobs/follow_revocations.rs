//! Asks how far the log of revocations goes, and whether service keys were revoked: at once when this node ended a session, twice a second for the others.

use std::sync::Arc;

use tokio::sync::watch;

use crate::{
    app::App,
    store::{revocations, service_keys},
};

/// Until the shutdown.
pub(super) async fn run(app: Arc<App>) {
    loop {
        tokio::select! {
            () = app.news.sessions_ended.notified() => {}
            () = tokio::time::sleep(app.config.revocation_poll_interval) => {}
            () = app.shutdown.signalled() => return,
        }
        match kith_postgres::patiently(find_heads(&app)).await {
            Ok((sessions, keys)) => {
                tell(&app.news.revocation_head, sessions);
                tell(&app.news.revoked_keys, keys);
            }
            Err(error) => tracing::debug!(%error, "the revocations could not be polled"),
        }
    }
}

/// Wakes the followers only when there is something new.
fn tell(news: &watch::Sender<i64>, head: i64) {
    news.send_if_modified(|known| {
        let changed = *known != head;
        *known = head;
        changed
    });
}

async fn find_heads(app: &App) -> sqlx::Result<(i64, i64)> {
    let mut db = app.reserved.acquire().await?;
    Ok((
        revocations::find_head(&mut db).await?,
        service_keys::find_revocations(&mut db).await?,
    ))
}
