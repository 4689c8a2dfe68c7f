//! Writes what accounts and friends have to say into people's own logs, once each, and delivers it live.

use super::user_events;
use crate::{
    Error,
    app::App,
    store::user_log::{self, NewUserEvent},
};

/// Appends the entries of one source. What is there already is neither written nor delivered again.
pub(crate) async fn append_user_events(
    app: &App,
    source: &str,
    events: &[NewUserEvent],
) -> Result<(), Error> {
    let mut tx = app.pool.begin().await?;
    let rows = user_log::insert(&mut tx, source, events, app.clock.now()).await?;
    tx.commit().await?;
    user_events::publish(app, rows).await;
    Ok(())
}
