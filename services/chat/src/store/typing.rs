//! Who may be told that somebody writes.

use kith_ids::{RoomId, UserId};
use sqlx::PgConnection;

/// The other participants between whom and this one a block lies, and of a direct room the other one if this one may not write to them; nothing
/// when this one is not in the room.
#[tracing::instrument(name = "db.typing.list_hidden", skip_all)]
pub(crate) async fn list_hidden(
    db: &mut PgConnection,
    room: RoomId,
    user: UserId,
) -> Result<Option<Vec<UserId>>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT ARRAY(
               SELECT other.user_id
               FROM (SELECT user_hi AS user_id FROM chat.direct_pairs WHERE user_lo = $2 AND blocked
                     UNION ALL
                     SELECT user_lo FROM chat.direct_pairs WHERE user_hi = $2 AND blocked
                     UNION
                     SELECT CASE WHEN r.user_lo = $2 THEN r.user_hi ELSE r.user_lo END
                     FROM chat.chat_rooms r
                     JOIN chat.direct_pairs d ON d.user_lo = r.user_lo AND d.user_hi = r.user_hi
                     WHERE r.id = $1
                       AND NOT CASE WHEN r.user_lo = $2 THEN d.lo_may_message_hi ELSE d.hi_may_message_lo END) other
               JOIN chat.chat_participants p ON p.room_id = $1 AND p.user_id = other.user_id AND p.left_seq IS NULL
           ) AS "hidden!: Vec<UserId>"
           FROM chat.chat_participants
           WHERE room_id = $1 AND user_id = $2 AND left_seq IS NULL"#,
        room as RoomId,
        user as UserId,
    )
    .fetch_optional(db)
    .await
}
