//! Tells nodes that remember service keys when to ask again: how many were revoked so far, and each new number.

use futures::{Stream, StreamExt as _, stream};
use kith_auth::Caller;

use super::App;
use crate::{error::Error, store::service_keys};

/// The present number, read from the database, then each that the poller finds, until the process ends.
pub(crate) async fn watch_service_keys(
    app: &App,
    caller: &Caller,
) -> Result<impl Stream<Item = i64> + Send + 'static, Error> {
    caller.require_node()?;
    // Before the read: a revocation that commits after it is a change that the stream sees.
    let news = app.news.revoked_keys.subscribe();
    let first = service_keys::find_revocations(&mut *app.pool.acquire().await?).await?;
    let shutdown = app.shutdown.clone();
    let rest = stream::unfold((news, shutdown), |(mut news, shutdown)| async move {
        tokio::select! {
            changed = news.changed() => changed.ok()?,
            () = shutdown.signalled() => return None,
        }
        let number = *news.borrow_and_update();
        Some((number, (news, shutdown)))
    });
    Ok(stream::once(std::future::ready(first)).chain(rest))
}
