//! Where the logs end.

use kith_ids::{RoomId, UserId};
use sqlx::PgConnection;

/// Makes the transaction that has just begun read one snapshot, and nothing else.
#[tracing::instrument(name = "db.heads.lock_snapshot", skip_all)]
pub(crate) async fn lock_snapshot(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        .execute(db)
        .await?;
    Ok(())
}

/// The heads of rooms' logs.
#[tracing::instrument(name = "db.heads.list_rooms", skip_all)]
pub(crate) async fn list_rooms(
    db: &mut PgConnection,
    rooms: &[RoomId],
) -> Result<Vec<(RoomId, i64)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: RoomId", last_seq
           FROM chat.chat_rooms
           WHERE id = ANY($1)"#,
        rooms as &[RoomId],
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.last_seq)).collect())
}

/// The heads of people's own logs; who has none yet is absent.
#[tracing::instrument(name = "db.heads.list_users", skip_all)]
pub(crate) async fn list_users(
    db: &mut PgConnection,
    users: &[UserId],
) -> Result<Vec<(UserId, i64)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT user_id AS "user_id: UserId", useq
           FROM chat.user_logs
           WHERE user_id = ANY($1)"#,
        users as &[UserId],
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.user_id, row.useq))
        .collect())
}

/// The log's epoch.
#[tracing::instrument(name = "db.heads.find_epoch", skip_all)]
pub(crate) async fn find_epoch(db: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!("SELECT epoch FROM chat.log_state")
        .fetch_one(db)
        .await
}

/// A current stay, with where its room's log ends.
#[derive(Debug, Clone)]
pub(crate) struct Membership {
    pub(crate) room_id: RoomId,
    pub(crate) last_seq: i64,
    pub(crate) joined_seq: i64,
    pub(crate) participant_count: i32,
}

/// All rooms that people are in, of each the one with the newest activity first.
#[tracing::instrument(name = "db.heads.list_memberships", skip_all)]
pub(crate) async fn list_memberships(
    db: &mut PgConnection,
    users: &[UserId],
) -> Result<Vec<(UserId, Membership)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT u.user_id AS "user_id: UserId", r.id AS "room_id: RoomId", r.last_seq, u.joined_seq, r.participant_count
           FROM chat.user_rooms u
           JOIN chat.chat_rooms r ON r.id = u.room_id
           WHERE u.user_id = ANY($1)
           ORDER BY r.updated_at DESC, r.id"#,
        users as &[UserId],
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let membership = Membership {
                room_id: row.room_id,
                last_seq: row.last_seq,
                joined_seq: row.joined_seq,
                participant_count: row.participant_count,
            };
            (row.user_id, membership)
        })
        .collect())
}

/// Somebody's latest stay in a room.
#[derive(Debug, Clone)]
pub(crate) struct Stay {
    pub(crate) room_id: RoomId,
    pub(crate) joined_seq: i64,
    /// None: it lasts.
    pub(crate) left_seq: Option<i64>,
    /// Head of the room.
    pub(crate) last_seq: i64,
}

impl From<&Membership> for Stay {
    fn from(membership: &Membership) -> Self {
        Self {
            room_id: membership.room_id,
            joined_seq: membership.joined_seq,
            left_seq: None,
            last_seq: membership.last_seq,
        }
    }
}

/// The latest stays of a person in these rooms, newest activity first; rooms they never were in are absent.
#[tracing::instrument(name = "db.heads.list_stays", skip_all)]
pub(crate) async fn list_stays(
    db: &mut PgConnection,
    user: UserId,
    rooms: &[RoomId],
) -> Result<Vec<Stay>, sqlx::Error> {
    sqlx::query_as!(
        Stay,
        r#"SELECT r.id AS "room_id: RoomId", p.joined_seq, p.left_seq, r.last_seq
           FROM chat.chat_rooms r
           CROSS JOIN LATERAL (
               SELECT joined_seq, left_seq
               FROM chat.chat_participants
               WHERE room_id = r.id AND user_id = $1
               ORDER BY joined_seq DESC
               LIMIT 1) p
           WHERE r.id = ANY($2)
           ORDER BY r.updated_at DESC, r.id"#,
        user as UserId,
        rooms as &[RoomId],
    )
    .fetch_all(db)
    .await
}
