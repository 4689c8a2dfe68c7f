//! Makes an account and logs its owner in.

use kith_auth::Caller;
use kith_postgres::ResultExt as _;
use secrecy::SecretString;

use super::{
    App,
    issue_session::{IssuedSession, start_session},
};
use crate::{
    domain::{fields::Fields, password, user::User, username::Username},
    error::Error,
    store::{outbox, users},
};

/// What somebody signs up with.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) username: String,
    pub(crate) password: SecretString,
    /// Absent: the user name.
    pub(crate) display_name: Option<String>,
    pub(crate) device_name: Option<String>,
}

/// Of two registrations of one name, or of twins of it, one wins: the database decides.
#[tracing::instrument(name = "accounts.register", skip_all, fields(user.id))]
pub(crate) async fn register(
    app: &App,
    caller: &Caller,
    registration: Registration,
) -> Result<IssuedSession, Error> {
    caller.require_trusted()?;
    let username = registration.check()?;
    // Spares the hash of a name that is gone; the insert below decides.
    if users::is_taken(&mut *app.pool.acquire().await?, &username).await? {
        return Err(Error::UsernameTaken);
    }
    let (turn, hash) = app
        .hasher
        .turn()
        .await?
        .hash(&registration.password)
        .await?;
    drop(turn);

    let now = app.now();
    let user = User {
        id: app.clock.new_id().into(),
        username: Some(username.as_str().to_owned()),
        display_name: registration
            .display_name
            .unwrap_or_else(|| username.as_str().to_owned()),
        bio: String::new(),
        interests: Vec::new(),
        locale: String::new(),
        created_at: now,
        disabled_at: None,
        deleted_at: None,
        version: 1,
    };
    tracing::Span::current().record("user.id", tracing::field::display(user.id));
    let mut tx = app.pool.begin().await?;
    users::insert(&mut tx, &user, &username, &hash)
        .await
        .on_constraint(users::USERNAME_KEY)?
        .ok_or(Error::UsernameTaken)?;
    outbox::insert_user_changed(&mut tx, user.id, now).await?;
    let issued = start_session(app, &mut tx, user, registration.device_name, now).await?;
    tx.commit().await?;

    app.news.user_changed();
    metrics::counter!("kith_accounts_registrations_total").increment(1);
    Ok(issued)
}

impl Registration {
    fn check(&self) -> Result<Username, Error> {
        let mut fields = Fields::default();
        let username = fields.take("username", Username::parse_new(&self.username));
        fields.take("password", password::check_new(&self.password));
        if let Some(name) = &self.display_name {
            fields.take("display_name", kith_text::display_name(name));
        }
        if let Some(name) = &self.device_name {
            fields.take("device_name", kith_text::device_name(name));
        }
        match username {
            Some(username) => fields.check().map(|()| username),
            None => Err(fields.into_violations()),
        }
        .map_err(Error::Invalid)
    }
}
