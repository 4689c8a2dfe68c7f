//! Follows the ends of sessions. Many watchers of a node share one poller, which tells them how far the log goes; each reads its own part.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::{Stream, stream};
use kith_auth::Caller;
use tokio::sync::watch;

use super::App;
use crate::{
    config::{MAX_ACCESS_TOKEN_LIFETIME, delta},
    domain::session::Revocation,
    error::Error,
    store::revocations,
};

/// Rows of one answer.
const BATCH: i64 = 500;

/// Where a watcher is.
struct Watcher {
    app: Arc<App>,
    head: watch::Receiver<i64>,
    after: i64,
}

/// Everything after a position that can still matter, then whatever comes, until the process ends. A position above the head comes from before a
/// restore of the database: such a watcher starts over.
pub(crate) async fn watch_revocations(
    app: Arc<App>,
    caller: &Caller,
    after: u64,
) -> Result<impl Stream<Item = Result<Vec<Revocation>, Error>> + Send + 'static, Error> {
    caller.require_node()?;
    let head = revocations::find_head(&mut *app.reserved.acquire().await?).await?;
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let watcher = Watcher {
        head: app.news.revocation_head.subscribe(),
        app,
        after: if after > head { 0 } else { after },
    };
    Ok(stream::try_unfold(watcher, |mut watcher| async move {
        Ok(watcher.next().await?.map(|batch| (batch, watcher)))
    }))
}

impl Watcher {
    /// The next batch; `None` at the shutdown.
    async fn next(&mut self) -> Result<Option<Vec<Revocation>>, Error> {
        let shutdown = self.app.shutdown.clone();
        loop {
            // Marked before it is read: what commits after the read is a change that the wait below sees.
            self.head.borrow_and_update();
            let since = self.app.now() - delta(MAX_ACCESS_TOKEN_LIFETIME);
            let batch = kith_postgres::patiently(self.read(since)).await?;
            if let Some(last) = batch.last() {
                self.after = last.position;
                return Ok(Some(batch));
            }
            tokio::select! {
                changed = self.head.changed() => if changed.is_err() { return Ok(None) },
                () = shutdown.signalled() => return Ok(None),
            }
        }
    }

    async fn read(&self, since: DateTime<Utc>) -> sqlx::Result<Vec<Revocation>> {
        let mut db = self.app.reserved.acquire().await?;
        revocations::list(&mut db, self.after, since, BATCH).await
    }
}
