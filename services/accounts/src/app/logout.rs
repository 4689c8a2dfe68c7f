//! Ends the caller's own session.

use kith_auth::Caller;

use super::{App, end_sessions};
use crate::{domain::session::Cause, error::Error, store::sessions};

/// Idempotent: a session that has ended stays ended.
#[tracing::instrument(name = "accounts.logout", skip_all)]
pub(crate) async fn logout(app: &App, caller: &Caller) -> Result<(), Error> {
    let user_id = caller.acting_user()?;
    let session_id = caller.session().ok_or(Error::SessionEnded)?;

    let mut tx = app.pool.begin().await?;
    if !sessions::delete(&mut tx, user_id, session_id).await? {
        return Ok(());
    }
    end_sessions::record(&mut tx, user_id, &[session_id], Cause::Ended, app.now()).await?;
    tx.commit().await?;

    app.news.sessions_ended();
    Ok(())
}
