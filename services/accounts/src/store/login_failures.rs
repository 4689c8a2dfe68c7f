//! `accounts.login_failures`.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::failure_budget::{Failures, Subject};

/// The failures of a subject, of whatever window.
#[tracing::instrument(name = "db.login_failures.find", skip_all)]
pub(crate) async fn find(
    db: &mut PgConnection,
    subject: Subject,
) -> sqlx::Result<Option<Failures>> {
    sqlx::query_as!(
        Failures,
        "SELECT failures AS count, window_start
         FROM accounts.login_failures
         WHERE subject = $1",
        &subject.0,
    )
    .fetch_optional(db)
    .await
}

/// Counts one more failure, in a new window when the last one began before `oldest_start`.
#[tracing::instrument(name = "db.login_failures.insert", skip_all)]
pub(crate) async fn insert(
    db: &mut PgConnection,
    subject: Subject,
    now: DateTime<Utc>,
    oldest_start: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO accounts.login_failures AS f (subject, failures, window_start)
         VALUES ($1, 1, $2)
         ON CONFLICT (subject) DO UPDATE
         SET failures = CASE WHEN f.window_start <= $3 THEN 1 ELSE f.failures + 1 END,
             window_start = CASE WHEN f.window_start <= $3 THEN $2 ELSE f.window_start END",
        &subject.0,
        now,
        oldest_start,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgives a subject.
#[tracing::instrument(name = "db.login_failures.delete", skip_all)]
pub(crate) async fn delete(db: &mut PgConnection, subject: Subject) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM accounts.login_failures
         WHERE subject = $1",
        &subject.0,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets windows that have ended.
#[tracing::instrument(name = "db.login_failures.delete_before", skip_all)]
pub(crate) async fn delete_before(
    db: &mut PgConnection,
    oldest_start: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "DELETE FROM accounts.login_failures
         WHERE ctid = ANY (ARRAY (
             SELECT ctid
             FROM accounts.login_failures
             WHERE window_start <= $1
             LIMIT $2
         ))",
        oldest_start,
        limit,
    )
    .execute(db)
    .await
    .map(|done| done.rows_affected())
}
