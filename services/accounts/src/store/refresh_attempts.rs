//! `accounts.refresh_attempts`.

use chrono::{DateTime, Utc};
use kith_ids::SessionId;
use sqlx::PgConnection;

/// The answer to a refresh that named an attempt.
pub(crate) struct RefreshAttempt {
    pub(crate) attempt_id: String,
    pub(crate) sealed_answer: Vec<u8>,
    pub(crate) used_at: DateTime<Utc>,
}

/// Remembers the answer that the use of a token got.
#[tracing::instrument(name = "db.refresh_attempts.insert", skip_all)]
pub(crate) async fn insert(
    tx: &mut PgConnection,
    session_id: SessionId,
    token_digest: &[u8; 32],
    attempt: &RefreshAttempt,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO accounts.refresh_attempts (token_digest, session_id, attempt_id, sealed_answer, used_at)
         VALUES ($1, $2, $3, $4, $5)",
        token_digest,
        session_id.as_uuid(),
        attempt.attempt_id,
        attempt.sealed_answer,
        attempt.used_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What the use of a token got.
#[tracing::instrument(name = "db.refresh_attempts.find", skip_all)]
pub(crate) async fn find(
    db: &mut PgConnection,
    token_digest: &[u8; 32],
) -> sqlx::Result<Option<RefreshAttempt>> {
    sqlx::query_as!(
        RefreshAttempt,
        "SELECT attempt_id, sealed_answer, used_at
         FROM accounts.refresh_attempts
         WHERE token_digest = $1",
        token_digest,
    )
    .fetch_optional(db)
    .await
}

/// Forgets answers that nobody may ask for again.
#[tracing::instrument(name = "db.refresh_attempts.delete_before", skip_all)]
pub(crate) async fn delete_before(
    db: &mut PgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "DELETE FROM accounts.refresh_attempts
         WHERE ctid = ANY (ARRAY (
             SELECT ctid
             FROM accounts.refresh_attempts
             WHERE used_at < $1
             LIMIT $2
         ))",
        before,
        limit,
    )
    .execute(db)
    .await
    .map(|done| done.rows_affected())
}
