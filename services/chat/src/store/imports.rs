//! What an import of old messages changes beside appending them.

use chrono::{DateTime, Utc};
use kith_ids::RoomId;
use sqlx::PgConnection;

/// Moves the creation of a room back to its first imported message, while the creation is all that its log holds: or no
/// room made today could take messages of last year without its log's time running back.
#[tracing::instrument(name = "db.imports.update_creation_time", skip_all)]
pub(crate) async fn update_creation_time(
    db: &mut PgConnection,
    room: RoomId,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH room AS (
             UPDATE chat.chat_rooms
             SET created_at = $2, updated_at = $2
             WHERE id = $1 AND last_seq = 1 AND updated_at > $2
             RETURNING id),
         stays AS (
             UPDATE chat.chat_participants p
             SET joined_at = $2
             FROM room
             WHERE p.room_id = room.id)
         UPDATE chat.room_events e
         SET created_at = $2
         FROM room
         WHERE e.room_id = room.id",
        room as RoomId,
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}
