//! Changes what the caller says of themselves.

use kith_auth::Caller;

use super::{App, live_session};
use crate::{
    domain::{profile::ProfileChange, user::User},
    error::Error,
    store::{outbox, users},
};

/// A change of nothing changes nothing: no new version, no news.
#[tracing::instrument(name = "accounts.update_profile", skip_all)]
pub(crate) async fn update_profile(
    app: &App,
    caller: &Caller,
    change: &ProfileChange,
) -> Result<User, Error> {
    change.check().map_err(Error::Invalid)?;
    let mut tx = app.pool.begin().await?;
    let user_id = live_session::require(&mut tx, caller).await?;
    if *change == ProfileChange::default() {
        return users::find(&mut tx, user_id)
            .await?
            .filter(|user| !user.is_deleted())
            .ok_or(Error::SessionEnded);
    }
    let user = users::update_profile(&mut tx, user_id, change)
        .await?
        .ok_or(Error::SessionEnded)?;
    outbox::insert_user_changed(&mut tx, user_id, app.now()).await?;
    tx.commit().await?;

    app.news.user_changed();
    Ok(user)
}
