//! Ends one of the caller's sessions, on whatever device it is.

use kith_auth::Caller;
use kith_ids::SessionId;

use super::{App, end_sessions, live_session};
use crate::{domain::session::Cause, error::Error, store::sessions};

/// Somebody else's session is as unknown as one that never was.
#[tracing::instrument(name = "accounts.revoke_session", skip_all, fields(session.id = %session_id))]
pub(crate) async fn revoke_session(
    app: &App,
    caller: &Caller,
    session_id: SessionId,
) -> Result<(), Error> {
    let now = app.now();
    let mut tx = app.pool.begin().await?;
    let user_id = live_session::require(&mut tx, caller).await?;
    if !sessions::delete(&mut tx, user_id, session_id).await? {
        return Err(Error::SessionNotFound);
    }
    end_sessions::record(&mut tx, user_id, &[session_id], Cause::Ended, now).await?;
    tx.commit().await?;

    app.news.sessions_ended();
    Ok(())
}
