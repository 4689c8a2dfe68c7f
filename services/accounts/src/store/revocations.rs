//! `accounts.revocations` and the row that numbers them.

use chrono::{DateTime, Utc};
use kith_ids::{SessionId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::session::{Cause, Revocation};

struct Row {
    position: i64,
    user_id: UserId,
    session_id: SessionId,
    cause: i16,
    revoked_at: DateTime<Utc>,
}

/// Numbers and adds ended sessions of one user. Takes the head's row and holds it until the commit, which is what makes positions
/// appear in their order: call it last.
#[tracing::instrument(name = "db.revocations.insert", skip_all)]
pub(crate) async fn insert(
    tx: &mut PgConnection,
    user_id: UserId,
    session_ids: &[SessionId],
    cause: Cause,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = session_ids.iter().map(|id| *id.as_uuid()).collect();
    sqlx::query!(
        "WITH head AS (
             UPDATE accounts.revocation_head
             SET position = position + cardinality($2::uuid[])
             RETURNING position - cardinality($2::uuid[]) AS before
         )
         INSERT INTO accounts.revocations (position, user_id, session_id, cause, revoked_at)
         SELECT head.before + ended.at, $1, ended.session_id, $3, $4
         FROM head, unnest($2::uuid[]) WITH ORDINALITY AS ended (session_id, at)",
        user_id.as_uuid(),
        &ids,
        cause.number(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The position of the newest.
#[tracing::instrument(name = "db.revocations.find_head", skip_all)]
pub(crate) async fn find_head(db: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!("SELECT position FROM accounts.revocation_head")
        .fetch_one(db)
        .await
}

/// Those after a position that were made after `since`, in order.
#[tracing::instrument(name = "db.revocations.list", skip_all)]
pub(crate) async fn list(
    db: &mut PgConnection,
    after: i64,
    since: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Revocation>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT position, user_id AS "user_id: UserId", session_id AS "session_id: SessionId", cause, revoked_at
           FROM accounts.revocations
           WHERE position > $1 AND revoked_at > $2
           ORDER BY position
           LIMIT $3"#,
        after,
        since,
        limit,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Revocation::from).collect())
}

/// Forgets those made before a time.
#[tracing::instrument(name = "db.revocations.delete_before", skip_all)]
pub(crate) async fn delete_before(
    db: &mut PgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "DELETE FROM accounts.revocations
         WHERE ctid = ANY (ARRAY (
             SELECT ctid
             FROM accounts.revocations
             WHERE revoked_at < $1
             LIMIT $2
         ))",
        before,
        limit,
    )
    .execute(db)
    .await
    .map(|done| done.rows_affected())
}

impl From<Row> for Revocation {
    fn from(row: Row) -> Self {
        Self {
            position: row.position,
            user_id: row.user_id,
            session_id: row.session_id,
            cause: Cause::of_number(row.cause),
            revoked_at: row.revoked_at,
        }
    }
}
