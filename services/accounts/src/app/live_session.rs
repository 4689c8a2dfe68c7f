//! A second look at the caller. A gateway may learn up to a second late that a session has ended; what changes an account does not rely on it.

use kith_auth::Caller;
use kith_ids::UserId;
use sqlx::PgConnection;

use crate::{error::Error, store::sessions};

/// The user that the call acts for, whose session is live if it comes through one.
pub(super) async fn require(db: &mut PgConnection, caller: &Caller) -> Result<UserId, Error> {
    let user_id = caller.acting_user()?;
    if let Some(session_id) = caller.session()
        && !sessions::is_live(db, user_id, session_id).await?
    {
        return Err(Error::SessionEnded);
    }
    Ok(user_id)
}
