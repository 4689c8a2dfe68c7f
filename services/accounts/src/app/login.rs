//! Starts a session for who knows the password. An unknown user and a wrong password get the same answer after the same work.

use kith_auth::Caller;
use kith_text::Flaw;
use secrecy::SecretString;

use super::{
    App, check_password,
    issue_session::{IssuedSession, start_session},
};
use crate::{
    domain::{failure_budget::Subject, fields::Fields, password, username::Username},
    error::Error,
    store::{login_failures, users},
};

/// Beyond this a user name is not looked at, only refused.
const MAX_TYPED_NAME: usize = 256;

/// What somebody logs in with.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) username: String,
    pub(crate) password: SecretString,
    pub(crate) device_name: Option<String>,
}

/// Judges the password first: only who knows it learns that the account is disabled.
#[tracing::instrument(name = "accounts.login", skip_all, fields(user.id))]
pub(crate) async fn login(
    app: &App,
    caller: &Caller,
    login: Login,
) -> Result<IssuedSession, Error> {
    caller.require_node()?;
    login.check()?;
    let username = Username::parse(&login.username).ok();
    let subject = username.as_ref().map_or_else(
        || Subject::impossible_login(&login.username),
        Subject::login,
    );
    let credentials = match &username {
        Some(name) => users::find_credentials(&mut *app.pool.acquire().await?, name).await?,
        None => None,
    };
    let hash = credentials
        .as_ref()
        .map(|found| found.password_hash.as_str());
    let turn = check_password::check(app, subject, &login.password, hash).await?;
    let Some(credentials) = credentials else {
        return Err(Error::InvalidCredentials);
    };
    tracing::Span::current().record("user.id", tracing::field::display(credentials.user_id));
    // The one moment at which the password is known and an old hash can be replaced.
    let renewed = if app.hasher.is_outdated(&credentials.password_hash) {
        Some(turn.hash(&login.password).await?.1)
    } else {
        drop(turn);
        None
    };

    let now = app.now();
    let mut tx = app.pool.begin().await?;
    // From here on nobody changes the password, disables or deletes the account; if somebody just did, this sees it.
    let (user, current) = users::lock(&mut tx, credentials.user_id)
        .await?
        .ok_or(Error::InvalidCredentials)?;
    if current.as_deref() != Some(&credentials.password_hash) {
        return Err(Error::InvalidCredentials);
    }
    if user.is_disabled() {
        return Err(Error::AccountDisabled);
    }
    if let Some(hash) = renewed {
        users::update_password_hash(&mut tx, user.id, &hash).await?;
    }
    login_failures::delete(&mut tx, subject).await?;
    let issued = start_session(app, &mut tx, user, login.device_name, now).await?;
    tx.commit().await?;

    // A surplus session may have ended.
    app.news.sessions_ended();
    Ok(issued)
}

impl Login {
    fn check(&self) -> Result<(), Error> {
        let mut fields = Fields::default();
        fields.take("username", check_typed_name(&self.username));
        fields.take("password", password::check_given(&self.password));
        if let Some(name) = &self.device_name {
            fields.take("device_name", kith_text::device_name(name));
        }
        fields.check().map_err(Error::Invalid)
    }
}

/// A name that nobody can have is no error of form, or the answer would differ from that for an unknown name.
fn check_typed_name(text: &str) -> Result<(), Flaw> {
    if text.is_empty() {
        return Err(Flaw::new("required", "the user name is missing"));
    }
    if kith_text::is_longer_than(text, MAX_TYPED_NAME) {
        return Err(Flaw::new("too_long", "3 to 32 characters"));
    }
    if text.contains('\0') {
        return Err(Flaw::new("invalid", "no NUL"));
    }
    Ok(())
}
