//! Sets another password, which ends every other session: whoever else is in has to know the new one.

use kith_auth::Caller;
use kith_ids::SessionId;
use secrecy::SecretString;

use super::{App, check_password, end_sessions, live_session};
use crate::{
    domain::{failure_budget::Subject, fields::Fields, password, session::Cause},
    error::Error,
    store::{login_failures, sessions, users},
};

/// Gives the sessions that it ended.
#[tracing::instrument(name = "accounts.change_password", skip_all)]
pub(crate) async fn change_password(
    app: &App,
    caller: &Caller,
    current: &SecretString,
    new: &SecretString,
) -> Result<Vec<SessionId>, Error> {
    check(current, new)?;
    let mut db = app.pool.acquire().await?;
    let user_id = live_session::require(&mut db, caller).await?;
    let hash = users::find_password_hash(&mut db, user_id)
        .await?
        .ok_or(Error::SessionEnded)?;
    // Hashing takes long; a connection held meanwhile would be missing elsewhere.
    drop(db);
    let subject = Subject::confirmation(user_id);
    let turn = check_password::check(app, subject, current, Some(&hash)).await?;
    let (_, new_hash) = turn.hash(new).await?;

    let now = app.now();
    let mut tx = app.pool.begin().await?;
    // Of two changes with the same current password the second finds it changed.
    let (_, stored) = users::lock(&mut tx, user_id)
        .await?
        .ok_or(Error::SessionEnded)?;
    live_session::require(&mut tx, caller).await?;
    if stored.as_ref() != Some(&hash) {
        return Err(Error::InvalidCredentials);
    }
    users::update_password_hash(&mut tx, user_id, &new_hash).await?;
    login_failures::delete(&mut tx, subject).await?;
    let ended = sessions::delete_others(&mut tx, user_id, caller.session()).await?;
    end_sessions::record(&mut tx, user_id, &ended, Cause::Ended, now).await?;
    tx.commit().await?;

    app.news.sessions_ended();
    tracing::info!(security.event = "password_changed", user.id = %user_id, "a password was changed");
    Ok(ended)
}

fn check(current: &SecretString, new: &SecretString) -> Result<(), Error> {
    let mut fields = Fields::default();
    fields.take("current_password", password::check_given(current));
    fields.take("new_password", password::check_new(new));
    fields.check().map_err(Error::Invalid)
}
