//! `accounts.users`.

use chrono::{DateTime, Utc};
use kith_ids::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{profile::ProfileChange, user::User, username::Username};

/// What a password is checked against.
pub(crate) struct Credentials {
    pub(crate) user_id: UserId,
    pub(crate) password_hash: String,
}

/// Adds an account. Breaks [`USERNAME_KEY`] when the name is, or was, somebody's.
#[tracing::instrument(name = "db.users.insert", skip_all)]
pub(crate) async fn insert(
    tx: &mut PgConnection,
    user: &User,
    username: &Username,
    password_hash: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO accounts.users (id, username, username_digest, display_name, password_hash, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        user.id.as_uuid(),
        username.as_str(),
        &username.digest(),
        user.display_name,
        password_hash,
        user.created_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The constraint that a taken name breaks.
pub(crate) const USERNAME_KEY: &str = "users_username_digest_key";

/// Whether a name is, or was, somebody's.
#[tracing::instrument(name = "db.users.is_taken", skip_all)]
pub(crate) async fn is_taken(db: &mut PgConnection, username: &Username) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM accounts.users
               WHERE username_digest = $1
           ) AS "taken!""#,
        &username.digest(),
    )
    .fetch_one(db)
    .await
}

/// Who has a name, with their password's hash. Deleted accounts have neither.
#[tracing::instrument(name = "db.users.find_credentials", skip_all)]
pub(crate) async fn find_credentials(
    db: &mut PgConnection,
    username: &Username,
) -> sqlx::Result<Option<Credentials>> {
    sqlx::query_as!(
        Credentials,
        r#"SELECT id AS "user_id: UserId", password_hash AS "password_hash!"
           FROM accounts.users
           WHERE username_digest = $1 AND deleted_at IS NULL"#,
        &username.digest(),
    )
    .fetch_optional(db)
    .await
}

/// The hash of a user's password; none when the account is deleted.
#[tracing::instrument(name = "db.users.find_password_hash", skip_all)]
pub(crate) async fn find_password_hash(
    db: &mut PgConnection,
    id: UserId,
) -> sqlx::Result<Option<String>> {
    let hash = sqlx::query_scalar!(
        "SELECT password_hash
         FROM accounts.users
         WHERE id = $1",
        id.as_uuid(),
    )
    .fetch_optional(db)
    .await?;
    Ok(hash.flatten())
}

/// One account, or its tombstone.
#[tracing::instrument(name = "db.users.find", skip_all)]
pub(crate) async fn find(db: &mut PgConnection, id: UserId) -> sqlx::Result<Option<User>> {
    Ok(list(db, &[id]).await?.pop())
}

/// Accounts and tombstones by id, in no order; unknown ids are left out.
#[tracing::instrument(name = "db.users.list", skip_all)]
pub(crate) async fn list(db: &mut PgConnection, ids: &[UserId]) -> sqlx::Result<Vec<User>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| *id.as_uuid()).collect();
    sqlx::query_as!(
        User,
        r#"SELECT id AS "id: UserId", username, display_name, bio, interests, locale, created_at, disabled_at,
                  deleted_at, version
           FROM accounts.users
           WHERE id = ANY($1)"#,
        &ids,
    )
    .fetch_all(db)
    .await
}

/// Locks an account, so that logging in, changing the password, disabling and deleting happen one after the other.
/// Gives it with its password's hash.
#[tracing::instrument(name = "db.users.lock", skip_all)]
pub(crate) async fn lock(
    tx: &mut PgConnection,
    id: UserId,
) -> sqlx::Result<Option<(User, Option<String>)>> {
    let hash = sqlx::query_scalar!(
        "SELECT password_hash
         FROM accounts.users
         WHERE id = $1
         FOR NO KEY UPDATE",
        id.as_uuid(),
    )
    .fetch_optional(&mut *tx)
    .await?;
    // In a later statement: the one that waits for the lock reads the row as it was chosen, not what else has changed.
    let user = find(tx, id).await?;
    Ok(user.zip(hash))
}

/// Sets another password hash.
#[tracing::instrument(name = "db.users.update_password_hash", skip_all)]
pub(crate) async fn update_password_hash(
    tx: &mut PgConnection,
    id: UserId,
    hash: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE accounts.users
         SET password_hash = $2
         WHERE id = $1 AND deleted_at IS NULL",
        id.as_uuid(),
        hash,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Changes what is present, and the version; gives the whole account. `None` when it is deleted or unknown.
#[tracing::instrument(name = "db.users.update_profile", skip_all)]
pub(crate) async fn update_profile(
    tx: &mut PgConnection,
    id: UserId,
    change: &ProfileChange,
) -> sqlx::Result<Option<User>> {
    sqlx::query_as!(
        User,
        r#"UPDATE accounts.users
           SET display_name = coalesce($2, display_name),
               bio = coalesce($3, bio),
               interests = coalesce($4, interests),
               locale = coalesce($5, locale),
               version = version + 1
           WHERE id = $1 AND deleted_at IS NULL
           RETURNING id AS "id: UserId", username, display_name, bio, interests, locale, created_at, disabled_at,
                     deleted_at, version"#,
        id.as_uuid(),
        change.display_name.as_deref(),
        change.bio.as_deref(),
        change.interests.as_deref(),
        change.locale.as_deref(),
    )
    .fetch_optional(tx)
    .await
}

/// Disables or enables an account.
#[tracing::instrument(name = "db.users.update_disabled", skip_all)]
pub(crate) async fn update_disabled(
    tx: &mut PgConnection,
    id: UserId,
    disabled_at: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE accounts.users
         SET disabled_at = $2, version = version + 1
         WHERE id = $1",
        id.as_uuid(),
        disabled_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Turns an account into its tombstone.
#[tracing::instrument(name = "db.users.update_deleted", skip_all)]
pub(crate) async fn update_deleted(
    tx: &mut PgConnection,
    id: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE accounts.users
         SET username = NULL, password_hash = NULL, display_name = '', bio = '', interests = '{}', locale = '',
             deleted_at = $2, version = version + 1
         WHERE id = $1",
        id.as_uuid(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}
