//! Removes an account: its personal data go, its sessions end, its id stays as a tombstone, and its name stays taken for ever, so that
//! nobody can pose as who has left.

use kith_auth::Caller;
use kith_ids::SessionId;
use secrecy::SecretString;

use super::{App, check_password, end_sessions, live_session};
use crate::{
    domain::{
        failure_budget::Subject, fields::Fields, password, session::Cause, username::Username,
    },
    error::Error,
    store::{imported_users, login_failures, outbox, sessions, users},
};

/// Gives the sessions that it ended: all of the account.
#[tracing::instrument(name = "accounts.delete_account", skip_all)]
pub(crate) async fn delete_account(
    app: &App,
    caller: &Caller,
    password: &SecretString,
) -> Result<Vec<SessionId>, Error> {
    let mut fields = Fields::default();
    fields.take("password", password::check_given(password));
    fields.check().map_err(Error::Invalid)?;
    let mut db = app.pool.acquire().await?;
    let user_id = live_session::require(&mut db, caller).await?;
    let hash = users::find_password_hash(&mut db, user_id)
        .await?
        .ok_or(Error::SessionEnded)?;
    // Hashing takes long; a connection held meanwhile would be missing elsewhere.
    drop(db);
    let subject = Subject::confirmation(user_id);
    drop(check_password::check(app, subject, password, Some(&hash)).await?);

    let now = app.now();
    let mut tx = app.pool.begin().await?;
    // A log-in in progress waits here and then finds no account.
    let (user, stored) = users::lock(&mut tx, user_id)
        .await?
        .ok_or(Error::SessionEnded)?;
    live_session::require(&mut tx, caller).await?;
    if stored.as_ref() != Some(&hash) {
        return Err(Error::InvalidCredentials);
    }
    let name = user.username.and_then(|name| Username::parse(&name).ok());
    if let Some(name) = name {
        login_failures::delete(&mut tx, Subject::login(&name)).await?;
    }
    login_failures::delete(&mut tx, subject).await?;
    imported_users::delete(&mut tx, user_id).await?;
    users::update_deleted(&mut tx, user_id, now).await?;
    outbox::insert_user_changed(&mut tx, user_id, now).await?;
    let ended = sessions::delete_others(&mut tx, user_id, None).await?;
    end_sessions::record(&mut tx, user_id, &ended, Cause::Ended, now).await?;
    tx.commit().await?;

    app.news.user_changed();
    app.news.sessions_ended();
    tracing::info!(security.event = "account_deleted", user.id = %user_id, "an account was deleted");
    Ok(ended)
}
