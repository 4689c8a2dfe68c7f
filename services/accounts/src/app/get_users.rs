//! Tells siblings and other backends who somebody is.

use kith_auth::Caller;
use kith_error::Violation;
use kith_ids::UserId;

use super::App;
use crate::{domain::user::User, error::Error, store::users};

/// Most ids of a call.
const MAX_IDS: usize = 1000;

/// Unknown and deleted ids are left out.
#[tracing::instrument(name = "accounts.get_users", skip_all, fields(users.count = ids.len()))]
pub(crate) async fn get_users(
    app: &App,
    caller: &Caller,
    ids: &[UserId],
) -> Result<Vec<User>, Error> {
    caller.require_trusted()?;
    if ids.len() > MAX_IDS {
        return Err(Error::Invalid(vec![Violation::new(
            "user_ids",
            "too_long",
            "at most 1,000 ids",
        )]));
    }
    let mut found = users::list(&mut *app.reserved.acquire().await?, ids).await?;
    found.retain(|user| !user.is_deleted());
    Ok(found)
}
