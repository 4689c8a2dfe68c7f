//! `accounts.signing_keys`.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// Any number that nothing else of this database locks.
const LOCK: i64 = 0x6b69_7468_0001;

/// One key as it is stored.
pub(crate) struct SigningKeyRow {
    pub(crate) kid: String,
    pub(crate) public_key: Vec<u8>,
    /// The 32 bytes of the seed, or their wrapped form.
    pub(crate) private_key: Vec<u8>,
    pub(crate) wrapped: bool,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) signs_from: DateTime<Utc>,
    pub(crate) verifies_until: Option<DateTime<Utc>>,
}

/// Lets nobody else change the keys until the transaction ends.
#[tracing::instrument(name = "db.signing_keys.lock", skip_all)]
pub(crate) async fn lock(tx: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", LOCK)
        .execute(tx)
        .await?;
    Ok(())
}

/// All keys, newest first.
#[tracing::instrument(name = "db.signing_keys.list", skip_all)]
pub(crate) async fn list(db: &mut PgConnection) -> sqlx::Result<Vec<SigningKeyRow>> {
    sqlx::query_as!(
        SigningKeyRow,
        "SELECT kid, public_key, private_key, wrapped, created_at, signs_from, verifies_until
         FROM accounts.signing_keys
         ORDER BY signs_from DESC, kid",
    )
    .fetch_all(db)
    .await
}

/// Adds a key.
#[tracing::instrument(name = "db.signing_keys.insert", skip_all)]
pub(crate) async fn insert(db: &mut PgConnection, row: &SigningKeyRow) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO accounts.signing_keys
             (kid, public_key, private_key, wrapped, created_at, signs_from, verifies_until)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        row.kid,
        row.public_key,
        row.private_key,
        row.wrapped,
        row.created_at,
        row.signs_from,
        row.verifies_until,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Retires the keys that are not retired yet.
#[tracing::instrument(name = "db.signing_keys.update_verifies_until", skip_all)]
pub(crate) async fn update_verifies_until(
    db: &mut PgConnection,
    until: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE accounts.signing_keys
         SET verifies_until = $1
         WHERE verifies_until IS NULL",
        until,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Replaces a plain key by its wrapped form.
#[tracing::instrument(name = "db.signing_keys.update_wrapped", skip_all)]
pub(crate) async fn update_wrapped(
    db: &mut PgConnection,
    kid: &str,
    sealed: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE accounts.signing_keys
         SET private_key = $2, wrapped = true
         WHERE kid = $1 AND NOT wrapped",
        kid,
        sealed,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets the keys that verify nothing any more.
#[tracing::instrument(name = "db.signing_keys.delete_retired", skip_all)]
pub(crate) async fn delete_retired(db: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<u64> {
    sqlx::query!(
        "DELETE FROM accounts.signing_keys
         WHERE verifies_until < $1",
        now,
    )
    .execute(db)
    .await
    .map(|done| done.rows_affected())
}
