//! Tells siblings whose devices there are to tell of something.

use kith_auth::Caller;
use kith_error::Violation;
use kith_ids::UserId;

use super::App;
use crate::{error::Error, store::sessions};

/// Most ids of a call.
const MAX_IDS: usize = 1000;

/// Those who have a session.
#[tracing::instrument(name = "accounts.list_signed_in_users", skip_all, fields(users.count = ids.len()))]
pub(crate) async fn list_signed_in_users(
    app: &App,
    caller: &Caller,
    ids: &[UserId],
) -> Result<Vec<UserId>, Error> {
    caller.require_trusted()?;
    if ids.len() > MAX_IDS {
        return Err(Error::Invalid(vec![Violation::new(
            "user_ids",
            "too_long",
            "at most 1,000 ids",
        )]));
    }
    Ok(sessions::list_users(&mut *app.pool.acquire().await?, ids).await?)
}
