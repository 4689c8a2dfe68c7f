//! Who may be told that somebody writes.

use kith_ids::{RoomId, UserId};
use sqlx::PgConnection;

/// For each who writes in a room: the other participants between whom and them a block lies, and of a direct room the other one
/// if they may not write to them; none when they are not in the room.
#[tracing::instrument(name = "db.typing.list_hidden", skip_all)]
pub(crate) async fn list_hidden(
    db: &mut PgConnection,
    writers: &[(RoomId, UserId)],
) -> Result<Vec<Option<Vec<UserId>>>, sqlx::Error> {
    let (rooms, users): (Vec<RoomId>, Vec<UserId>) = writers.iter().copied().unzip();
    let found = sqlx::query!(
        r#"SELECT writer.place AS "place!",
               ARRAY(
                   SELECT other.user_id
                   FROM (SELECT user_hi AS user_id FROM chat.direct_pairs WHERE user_lo = writer.user_id AND blocked
                         UNION ALL
                         SELECT user_lo FROM chat.direct_pairs WHERE user_hi = writer.user_id AND blocked
                         UNION
                         SELECT CASE WHEN r.user_lo = writer.user_id THEN r.user_hi ELSE r.user_lo END
                         FROM chat.chat_rooms r
                         JOIN chat.direct_pairs d ON d.user_lo = r.user_lo AND d.user_hi = r.user_hi
                         WHERE r.id = writer.room_id
                           AND NOT CASE WHEN r.user_lo = writer.user_id THEN d.lo_may_message_hi
                                        ELSE d.hi_may_message_lo END) other
                   JOIN chat.chat_participants p
                       ON p.room_id = writer.room_id AND p.user_id = other.user_id AND p.left_seq IS NULL
               ) AS "hidden!: Vec<UserId>"
           FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS writer (room_id, user_id, place)
           JOIN chat.chat_participants AS stay
               ON stay.room_id = writer.room_id AND stay.user_id = writer.user_id AND stay.left_seq IS NULL"#,
        &rooms as &[RoomId],
        &users as &[UserId],
    )
    .fetch_all(db)
    .await?;
    let mut hidden = vec![None; writers.len()];
    for row in found {
        let place = usize::try_from(row.place - 1).ok();
        if let Some(of_writer) = place.and_then(|place| hidden.get_mut(place)) {
            *of_writer = Some(row.hidden);
        }
    }
    Ok(hidden)
}
