//! Tells who the users of another system are here.

use kith_auth::Caller;
use kith_error::Violation;
use kith_ids::UserId;

use super::App;
use crate::{error::Error, store::imported_users};

/// Most ids of a call.
const MAX_IDS: usize = 1000;

/// Unknown ids are left out.
#[tracing::instrument(name = "accounts.find_imported_users", skip_all)]
pub(crate) async fn find_imported_users(
    app: &App,
    caller: &Caller,
    external_ids: &[String],
) -> Result<Vec<(String, UserId)>, Error> {
    caller.require_trusted()?;
    if external_ids.len() > MAX_IDS {
        return Err(Error::Invalid(vec![Violation::new(
            "external_ids",
            "too_long",
            "at most 1,000 ids",
        )]));
    }
    Ok(imported_users::list(&mut *app.pool.acquire().await?, external_ids).await?)
}
