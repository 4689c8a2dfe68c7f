//! `accounts.sessions`: the live ones.

use chrono::{DateTime, Utc};
use kith_ids::{SessionId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::session::{MAX_SESSIONS, Session};

/// What a refresh must know of a session.
pub(crate) struct LockedSession {
    pub(crate) user_id: UserId,
    pub(crate) token_digest: Vec<u8>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// The token of a session, as it is stored.
pub(crate) struct CurrentToken {
    pub(crate) digest: [u8; 32],
    pub(crate) expires_at: DateTime<Utc>,
}

/// Adds a session. Its user's row must be locked.
#[tracing::instrument(name = "db.sessions.insert", skip_all)]
pub(crate) async fn insert(
    tx: &mut PgConnection,
    session: &Session,
    token: &CurrentToken,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO accounts.sessions
             (id, user_id, device_name, token_digest, created_at, last_used_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        session.id.as_uuid(),
        session.user_id.as_uuid(),
        session.device_name,
        &token.digest,
        session.created_at,
        session.last_used_at,
        token.expires_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Locks a session: of two refreshes with one token the second sees what the first did.
#[tracing::instrument(name = "db.sessions.lock", skip_all)]
pub(crate) async fn lock(
    tx: &mut PgConnection,
    id: SessionId,
) -> sqlx::Result<Option<LockedSession>> {
    sqlx::query_as!(
        LockedSession,
        r#"SELECT user_id AS "user_id: UserId", token_digest, expires_at
           FROM accounts.sessions
           WHERE id = $1
           FOR UPDATE"#,
        id.as_uuid(),
    )
    .fetch_optional(tx)
    .await
}

/// Whether a user's session is live.
#[tracing::instrument(name = "db.sessions.is_live", skip_all)]
pub(crate) async fn is_live(
    db: &mut PgConnection,
    user_id: UserId,
    id: SessionId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM accounts.sessions
               WHERE id = $1 AND user_id = $2
           ) AS "live!""#,
        id.as_uuid(),
        user_id.as_uuid(),
    )
    .fetch_one(db)
    .await
}

/// A user's sessions that can still be refreshed, newest first: those made before one of them, or from the newest on.
#[tracing::instrument(name = "db.sessions.list", skip_all)]
pub(crate) async fn list(
    db: &mut PgConnection,
    user_id: UserId,
    now: DateTime<Utc>,
    before: Option<(DateTime<Utc>, SessionId)>,
    most: i64,
) -> sqlx::Result<Vec<Session>> {
    let (created_at, id) = before.unzip();
    sqlx::query_as!(
        Session,
        r#"SELECT id AS "id: SessionId", user_id AS "user_id: UserId", device_name, created_at, last_used_at
           FROM accounts.sessions
           WHERE user_id = $1 AND expires_at > $2
             AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4))
           ORDER BY created_at DESC, id DESC
           LIMIT $5"#,
        user_id.as_uuid(),
        now,
        created_at,
        id as Option<SessionId>,
        most,
    )
    .fetch_all(db)
    .await
}

/// Those of these users who have a session.
#[tracing::instrument(name = "db.sessions.list_users", skip_all)]
pub(crate) async fn list_users(db: &mut PgConnection, ids: &[UserId]) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        r#"SELECT wanted.user_id AS "user_id!: UserId"
           FROM unnest($1::uuid[]) AS wanted (user_id)
           WHERE EXISTS (SELECT FROM accounts.sessions s WHERE s.user_id = wanted.user_id)"#,
        ids as &[UserId],
    )
    .fetch_all(db)
    .await
}

/// Puts the next token in the place of the current one.
#[tracing::instrument(name = "db.sessions.update_token", skip_all)]
pub(crate) async fn update_token(
    tx: &mut PgConnection,
    id: SessionId,
    token: &CurrentToken,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE accounts.sessions
         SET token_digest = $2, expires_at = $3, last_used_at = $4
         WHERE id = $1",
        id.as_uuid(),
        &token.digest,
        token.expires_at,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Deletes one of a user's sessions; false when there is no such one.
#[tracing::instrument(name = "db.sessions.delete", skip_all)]
pub(crate) async fn delete(
    tx: &mut PgConnection,
    user_id: UserId,
    id: SessionId,
) -> sqlx::Result<bool> {
    sqlx::query!(
        "DELETE FROM accounts.sessions
         WHERE id = $1 AND user_id = $2",
        id.as_uuid(),
        user_id.as_uuid(),
    )
    .execute(tx)
    .await
    .map(|done| done.rows_affected() > 0)
}

/// Deletes all of a user's sessions but perhaps one; gives those that it deleted. The user's row must be locked, or a
/// log-in in progress would slip through.
#[tracing::instrument(name = "db.sessions.delete_others", skip_all)]
pub(crate) async fn delete_others(
    tx: &mut PgConnection,
    user_id: UserId,
    kept: Option<SessionId>,
) -> sqlx::Result<Vec<SessionId>> {
    let kept: Option<Uuid> = kept.map(Uuid::from);
    sqlx::query_scalar!(
        r#"DELETE FROM accounts.sessions
           WHERE user_id = $1 AND id IS DISTINCT FROM $2
           RETURNING id AS "id: SessionId""#,
        user_id.as_uuid(),
        kept,
    )
    .fetch_all(tx)
    .await
}

/// Deletes the least recently used sessions of a user beyond the limit, so that one more has room; gives those that it deleted.
#[tracing::instrument(name = "db.sessions.delete_surplus", skip_all)]
pub(crate) async fn delete_surplus(
    tx: &mut PgConnection,
    user_id: UserId,
) -> sqlx::Result<Vec<SessionId>> {
    sqlx::query_scalar!(
        r#"DELETE FROM accounts.sessions
           WHERE id IN (
               SELECT id
               FROM accounts.sessions
               WHERE user_id = $1
               ORDER BY last_used_at DESC, id DESC
               OFFSET $2
           )
           RETURNING id AS "id: SessionId""#,
        user_id.as_uuid(),
        MAX_SESSIONS - 1,
    )
    .fetch_all(tx)
    .await
}

/// Forgets sessions that nobody refreshed in time. Their access tokens expired long before, so nobody need be told.
#[tracing::instrument(name = "db.sessions.delete_expired", skip_all)]
pub(crate) async fn delete_expired(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "DELETE FROM accounts.sessions
         WHERE ctid = ANY (ARRAY (
             SELECT ctid
             FROM accounts.sessions
             WHERE expires_at <= $1
             LIMIT $2
         ))",
        now,
        limit,
    )
    .execute(db)
    .await
    .map(|done| done.rows_affected())
}
