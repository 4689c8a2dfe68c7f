//! Rooms, and the lock that orders everything that happens in one.

use chrono::{DateTime, Utc};
use kith_ids::{RoomId, UserId};
use sqlx::PgConnection;

/// A room whose row this transaction holds: nobody else appends to its log, joins or leaves until the end of it.
#[derive(Debug, Clone)]
pub(crate) struct LockedRoom {
    pub(crate) id: RoomId,
    /// Two people for ever, else a group.
    pub(crate) is_direct: bool,
    pub(crate) name: Option<String>,
    /// The two people of a direct room, in order.
    pub(crate) user_lo: Option<UserId>,
    pub(crate) user_hi: Option<UserId>,
    pub(crate) created_by: UserId,
    /// Head of the log; moved by [`super::events::insert`].
    pub(crate) last_seq: i64,
    pub(crate) participant_count: i32,
    /// Time of the newest entry.
    pub(crate) updated_at: DateTime<Utc>,
    /// Epoch of the log.
    pub(crate) epoch: i64,
}

/// Locks rooms, always in the order of their ids, so that two transactions with several rooms cannot wait for each other.
/// Rooms that do not exist are absent from the answer. Judge memberships only in a later statement: this one's snapshot is
/// older than its wait.
pub(crate) async fn lock(
    db: &mut PgConnection,
    rooms: &[RoomId],
) -> Result<Vec<LockedRoom>, sqlx::Error> {
    sqlx::query_as!(
        LockedRoom,
        r#"SELECT id AS "id: RoomId", kind = 'direct' AS "is_direct!", name, user_lo AS "user_lo: UserId",
                  user_hi AS "user_hi: UserId", created_by AS "created_by: UserId", last_seq, participant_count, updated_at,
                  (SELECT epoch FROM chat.log_state) AS "epoch!"
           FROM chat.chat_rooms
           WHERE id = ANY($1)
           ORDER BY id
           FOR NO KEY UPDATE"#,
        rooms as &[RoomId],
    )
    .fetch_all(db)
    .await
}
