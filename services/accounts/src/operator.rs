//! What the person who operates Kith does from the command line, straight on the database: disable and enable users, reset passwords, make and revoke service keys,
//! rotate the signing keys. Running nodes notice within a second, and new keys long before they sign.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kith_auth::Scope;
use kith_clock::Clock;
use kith_ids::UserId;
use secrecy::SecretString;
use sqlx::PgPool;

pub use crate::store::service_keys::ServiceKey;
use crate::{
    Config, HashError,
    app::end_sessions,
    domain::{service_key, session::Cause, username::Username},
    hashing::Hasher,
    keys::{self, KeyError},
    store::{outbox, service_keys, sessions, users},
};
use kith_postgres::ResultExt as _;

/// Why an operator's command was not done.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// Nobody has this user name.
    #[error("there is no user of this name")]
    NoSuchUser,
    /// Not a name for a service key.
    #[error("the name of a service key is {0}")]
    BadName(&'static str),
    /// A key that opens nothing.
    #[error("a service key needs at least one scope")]
    NoScope,
    /// A key of this name holds.
    #[error("there is a service key of this name; revoke it first")]
    NameTaken,
    /// No key of this name holds.
    #[error("there is no service key of this name")]
    NoSuchKey,
    /// The signing keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The database.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
}

/// Disables an account and ends all its sessions; again is harmless. Gives how many sessions it ended.
pub async fn disable_user(
    pool: &PgPool,
    clock: &Clock,
    name: &str,
) -> Result<usize, OperatorError> {
    let user_id = find_user(pool, name).await?;
    let now = clock.now();
    let mut tx = pool.begin().await?;
    // A log-in in progress waits here and then finds the account disabled.
    let (user, _) = users::lock(&mut tx, user_id)
        .await?
        .ok_or(OperatorError::NoSuchUser)?;
    if !user.is_disabled() {
        users::update_disabled(&mut tx, user_id, Some(now)).await?;
        outbox::insert_user_changed(&mut tx, user_id, now).await?;
    }
    let ended = sessions::delete_others(&mut tx, user_id, None).await?;
    end_sessions::record(&mut tx, user_id, &ended, Cause::AccountDisabled, now).await?;
    tx.commit().await?;
    Ok(ended.len())
}

/// Lets a disabled account log in again; again is harmless.
pub async fn enable_user(pool: &PgPool, clock: &Clock, name: &str) -> Result<(), OperatorError> {
    let user_id = find_user(pool, name).await?;
    let mut tx = pool.begin().await?;
    let (user, _) = users::lock(&mut tx, user_id)
        .await?
        .ok_or(OperatorError::NoSuchUser)?;
    if user.is_disabled() {
        users::update_disabled(&mut tx, user_id, None).await?;
        outbox::insert_user_changed(&mut tx, user_id, clock.now()).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Gives somebody a new, random password and ends all their sessions. The password is shown this once.
pub async fn reset_password(
    pool: &PgPool,
    clock: &Clock,
    config: &Config,
    name: &str,
) -> Result<SecretString, OperatorError> {
    let user_id = find_user(pool, name).await?;
    let bytes: [u8; 15] = kith_clock::random_bytes();
    let password = SecretString::from(URL_SAFE_NO_PAD.encode(bytes));
    let hasher = Hasher::start(config).await?;
    let (_, hash) = hasher.turn().await?.hash(&password).await?;
    let now = clock.now();
    let mut tx = pool.begin().await?;
    // A log-in in progress with the old password waits here and then finds another one.
    users::lock(&mut tx, user_id)
        .await?
        .ok_or(OperatorError::NoSuchUser)?;
    users::update_password_hash(&mut tx, user_id, &hash).await?;
    let ended = sessions::delete_others(&mut tx, user_id, None).await?;
    end_sessions::record(&mut tx, user_id, &ended, Cause::Ended, now).await?;
    tx.commit().await?;
    Ok(password)
}

/// Makes a key for another backend and gives its text, which is shown this once and cannot be found again.
pub async fn create_service_key(
    pool: &PgPool,
    clock: &Clock,
    name: &str,
    scopes: &[Scope],
) -> Result<SecretString, OperatorError> {
    service_key::check_name(name).map_err(|flaw| OperatorError::BadName(flaw.message))?;
    if scopes.is_empty() {
        return Err(OperatorError::NoScope);
    }
    let text = service_key::generate();
    let digest = service_key::digest(secrecy::ExposeSecret::expose_secret(&text))
        .ok_or(OperatorError::NoSuchKey)?;
    let key = ServiceKey {
        id: clock.new_id().into(),
        name: name.to_owned(),
        scopes: scopes.iter().map(|scope| scope.word().to_owned()).collect(),
        created_at: clock.now(),
        revoked_at: None,
    };
    service_keys::insert(&mut *pool.acquire().await?, &key, &digest)
        .await
        .on_constraint("service_keys_live_name_key")?
        .ok_or(OperatorError::NameTaken)?;
    Ok(text)
}

/// All service keys ever made, newest first.
pub async fn list_service_keys(pool: &PgPool) -> Result<Vec<ServiceKey>, OperatorError> {
    Ok(service_keys::list(&mut *pool.acquire().await?).await?)
}

/// Revokes the key of that name; running nodes notice within a second.
pub async fn revoke_service_key(
    pool: &PgPool,
    clock: &Clock,
    name: &str,
) -> Result<(), OperatorError> {
    let revoked =
        service_keys::update_revoked(&mut *pool.acquire().await?, name, clock.now()).await?;
    if revoked {
        Ok(())
    } else {
        Err(OperatorError::NoSuchKey)
    }
}

/// Publishes a new signing key. It signs after five minutes, when every node and reader knows it; the old one verifies until its last token
/// has expired. Gives the new `kid`.
pub async fn rotate_signing_keys(
    pool: &PgPool,
    clock: &Clock,
    secrets_key: Option<&SecretString>,
) -> Result<String, OperatorError> {
    Ok(keys::rotate(pool, clock.now(), secrets_key).await?)
}

async fn find_user(pool: &PgPool, name: &str) -> Result<UserId, OperatorError> {
    let name = Username::parse(name).map_err(|_| OperatorError::NoSuchUser)?;
    users::find_credentials(&mut *pool.acquire().await?, &name)
        .await?
        .map(|found| found.user_id)
        .ok_or(OperatorError::NoSuchUser)
}
