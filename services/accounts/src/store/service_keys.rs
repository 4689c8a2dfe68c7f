//! `accounts.service_keys`.

use chrono::{DateTime, Utc};
use kith_ids::ServiceKeyId;
use sqlx::PgConnection;

/// One key of another backend, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceKey {
    /// Names it for ever.
    pub id: ServiceKeyId,
    /// What it was called when it was made.
    pub name: String,
    /// The words of what it opens.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it stopped holding; absent while it holds.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Adds a key.
#[tracing::instrument(name = "db.service_keys.insert", skip_all)]
pub(crate) async fn insert(
    db: &mut PgConnection,
    key: &ServiceKey,
    digest: &[u8; 32],
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO accounts.service_keys (id, name, key_digest, scopes, created_at)
         VALUES ($1, $2, $3, $4, $5)",
        key.id.as_uuid(),
        key.name,
        digest,
        &key.scopes,
        key.created_at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whose a key is, and what it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
}

/// The holder of the key with this digest, if it holds.
#[tracing::instrument(name = "db.service_keys.find_holder", skip_all)]
pub(crate) async fn find_holder(
    db: &mut PgConnection,
    digest: &[u8; 32],
) -> sqlx::Result<Option<Holder>> {
    sqlx::query_as!(
        Holder,
        "SELECT name, scopes
         FROM accounts.service_keys
         WHERE key_digest = $1 AND revoked_at IS NULL",
        digest,
    )
    .fetch_optional(db)
    .await
}

/// How many keys were ever revoked; only grows, because revoked keys stay.
#[tracing::instrument(name = "db.service_keys.find_revocations", skip_all)]
pub(crate) async fn find_revocations(db: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM accounts.service_keys WHERE revoked_at IS NOT NULL"#
    )
    .fetch_one(db)
    .await
}

/// All keys ever made, newest first.
#[tracing::instrument(name = "db.service_keys.list", skip_all)]
pub(crate) async fn list(db: &mut PgConnection) -> sqlx::Result<Vec<ServiceKey>> {
    sqlx::query_as!(
        ServiceKey,
        r#"SELECT id AS "id: ServiceKeyId", name, scopes, created_at, revoked_at
           FROM accounts.service_keys
           ORDER BY created_at DESC, id DESC"#,
    )
    .fetch_all(db)
    .await
}

/// Revokes the live key of that name; false when there is none.
#[tracing::instrument(name = "db.service_keys.update_revoked", skip_all)]
pub(crate) async fn update_revoked(
    db: &mut PgConnection,
    name: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query!(
        "UPDATE accounts.service_keys
         SET revoked_at = $2
         WHERE name = $1 AND revoked_at IS NULL",
        name,
        now,
    )
    .execute(db)
    .await
    .map(|done| done.rows_affected() > 0)
}
