//! `accounts.outbox`: what siblings must be told. A row is taken for a while (its `due_at` moves ahead), delivered outside any transaction, and
//! deleted; a node that dies in between only delays it. A user's rows are taken in order, and none while an earlier one is under way.

use chrono::{DateTime, Utc};
use kith_ids::{SessionId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Friends,
    Chat,
}

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) id: i64,
    pub(crate) user_id: UserId,
    /// This session ended; absent: the user changed.
    pub(crate) session_id: Option<SessionId>,
    /// Deliveries begun, this one included.
    pub(crate) attempts: i32,
    /// The trace of the change, if it is collected.
    pub(crate) traceparent: Option<String>,
}

impl Target {
    /// The word in the table.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Friends => "friends",
            Self::Chat => "chat",
        }
    }

    /// One advisory lock for each target.
    const fn lock_number(self) -> i64 {
        match self {
            Self::Friends => 0x6b69_7468_0002,
            Self::Chat => 0x6b69_7468_0003,
        }
    }
}

/// Notes that a user changed, for both siblings. The user's row must be locked or written before, which puts the rows in order.
#[tracing::instrument(name = "db.outbox.insert_user_changed", skip_all)]
pub(crate) async fn insert_user_changed(
    tx: &mut PgConnection,
    user_id: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO accounts.outbox (target, user_id, created_at, due_at, traceparent)
         VALUES ('friends', $1, $2, $2, $3), ('chat', $1, $2, $2, $3)",
        user_id.as_uuid(),
        now,
        kith_telemetry::sampled_traceparent(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The same for many users who are new, and so hold up nobody.
#[tracing::instrument(name = "db.outbox.insert_users_changed", skip_all)]
pub(crate) async fn insert_users_changed(
    tx: &mut PgConnection,
    user_ids: &[UserId],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = user_ids.iter().map(|id| *id.as_uuid()).collect();
    sqlx::query!(
        "INSERT INTO accounts.outbox (target, user_id, created_at, due_at)
         SELECT target, user_id, $2, $2
         FROM unnest($1::uuid[]) AS changed (user_id)
         CROSS JOIN (VALUES ('friends'), ('chat')) AS told (target)",
        &ids,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes that sessions of a user ended, for the user's own log.
#[tracing::instrument(name = "db.outbox.insert_sessions_ended", skip_all)]
pub(crate) async fn insert_sessions_ended(
    tx: &mut PgConnection,
    user_id: UserId,
    session_ids: &[SessionId],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = session_ids.iter().map(|id| *id.as_uuid()).collect();
    sqlx::query!(
        "INSERT INTO accounts.outbox (target, user_id, session_id, created_at, due_at, traceparent)
         SELECT 'chat', $1, ended.session_id, $3, $3, $4
         FROM unnest($2::uuid[]) AS ended (session_id)",
        user_id.as_uuid(),
        &ids,
        now,
        kith_telemetry::sampled_traceparent(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Lets one node at a time choose rows of a target, until the transaction ends: without it two nodes could take two rows of one user at once.
#[tracing::instrument(name = "db.outbox.lock", skip_all)]
pub(crate) async fn lock(tx: &mut PgConnection, target: Target) -> sqlx::Result<()> {
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", target.lock_number())
        .execute(tx)
        .await?;
    Ok(())
}

/// Takes due rows until `taken_until`, in order; none of a user who has an earlier row that is not due. The target must be locked.
#[tracing::instrument(name = "db.outbox.update_taken", skip_all)]
pub(crate) async fn update_taken(
    tx: &mut PgConnection,
    target: Target,
    now: DateTime<Utc>,
    taken_until: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Item>> {
    let mut items = sqlx::query_as!(
        Item,
        r#"WITH due AS (
               SELECT o.id
               FROM accounts.outbox AS o
               WHERE o.target = $1
                 AND o.due_at <= $2
                 AND NOT EXISTS (
                     SELECT FROM accounts.outbox AS earlier
                     WHERE earlier.target = o.target
                       AND earlier.user_id = o.user_id
                       AND earlier.id < o.id
                       AND earlier.due_at > $2
                 )
               ORDER BY o.id
               LIMIT $4
           )
           UPDATE accounts.outbox AS taken
           SET due_at = $3, attempts = taken.attempts + 1
           FROM due
           WHERE taken.id = due.id
           RETURNING taken.id, taken.user_id AS "user_id: UserId", taken.session_id AS "session_id: SessionId",
                     taken.attempts, taken.traceparent"#,
        target.word(),
        now,
        taken_until,
        limit,
    )
    .fetch_all(tx)
    .await?;
    items.sort_unstable_by_key(|item| item.id);
    Ok(items)
}

/// Puts rows that were not delivered back, due later.
#[tracing::instrument(name = "db.outbox.update_due", skip_all)]
pub(crate) async fn update_due(
    db: &mut PgConnection,
    ids: &[i64],
    due_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE accounts.outbox
         SET due_at = $2
         WHERE id = ANY($1)",
        ids,
        due_at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets delivered rows.
#[tracing::instrument(name = "db.outbox.delete", skip_all)]
pub(crate) async fn delete(db: &mut PgConnection, ids: &[i64]) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM accounts.outbox
         WHERE id = ANY($1)",
        ids,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Gives up rows that nobody took for too long; gives how many.
#[tracing::instrument(name = "db.outbox.delete_before", skip_all)]
pub(crate) async fn delete_before(
    db: &mut PgConnection,
    before: DateTime<Utc>,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "DELETE FROM accounts.outbox
         WHERE created_at < $1",
        before,
    )
    .execute(db)
    .await
    .map(|done| done.rows_affected())
}
