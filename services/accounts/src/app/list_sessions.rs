//! Lists where the caller is logged in.

use kith_auth::Caller;

use super::{App, live_session};
use crate::{domain::session::Session, error::Error, store::sessions};

/// Newest first; whole, because nobody has more than fit.
#[tracing::instrument(name = "accounts.list_sessions", skip_all)]
pub(crate) async fn list_sessions(app: &App, caller: &Caller) -> Result<Vec<Session>, Error> {
    let mut db = app.pool.acquire().await?;
    let user_id = live_session::require(&mut db, caller).await?;
    Ok(sessions::list(&mut db, user_id, app.now()).await?)
}
