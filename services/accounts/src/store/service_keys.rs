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
        "INSERT INTO accounts.service_keys (id, name, key_digest, created_at)
         VALUES ($1, $2, $3, $4)",
        key.id.as_uuid(),
        key.name,
        digest,
        key.created_at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The name of the key with this digest, if it holds.
#[tracing::instrument(name = "db.service_keys.find_name", skip_all)]
pub(crate) async fn find_name(
    db: &mut PgConnection,
    digest: &[u8; 32],
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "SELECT name
         FROM accounts.service_keys
         WHERE key_digest = $1 AND revoked_at IS NULL",
        digest,
    )
    .fetch_optional(db)
    .await
}

/// All keys ever made, newest first.
#[tracing::instrument(name = "db.service_keys.list", skip_all)]
pub(crate) async fn list(db: &mut PgConnection) -> sqlx::Result<Vec<ServiceKey>> {
    sqlx::query_as!(
        ServiceKey,
        r#"SELECT id AS "id: ServiceKeyId", name, created_at, revoked_at
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
