//! The user's side of their rooms: which ones, in what order, and how they keep them.

use chrono::{DateTime, Utc};
use kith_ids::{RoomId, UserId};
use sqlx::PgConnection;

/// Which of somebody's rooms are wanted.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) user_id: UserId,
    pub(crate) archived: bool,
    /// Part of the name, or of the other person's names.
    pub(crate) query: Option<String>,
    /// Below this place in the order of activity.
    pub(crate) before: Option<Place>,
    pub(crate) limit: i64,
}

/// A room's place in a list by activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Place {
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) room_id: RoomId,
}

/// How somebody wants to keep a room; what is none stays as it is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Settings {
    pub(crate) mute: Option<Mute>,
    pub(crate) pinned: Option<bool>,
    pub(crate) archived: Option<bool>,
}

/// A change of the mute.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mute {
    Until(DateTime<Utc>),
    /// Not muted any more.
    Off,
}

/// Somebody's rooms, newest activity first.
#[tracing::instrument(name = "db.user_rooms.list", skip_all)]
pub(crate) async fn list(
    db: &mut PgConnection,
    wanted: &Wanted,
) -> Result<Vec<Place>, sqlx::Error> {
    let pattern = wanted.query.as_deref().map(containing);
    sqlx::query_as!(
        Place,
        r#"SELECT room.updated_at, room.id AS "room_id: RoomId"
           FROM chat.user_rooms AS side
           JOIN chat.chat_rooms AS room ON room.id = side.room_id
           WHERE side.user_id = $1 AND side.archived = $2
             AND ($3::timestamptz IS NULL OR (room.updated_at, room.id) < ($3, $4))
             AND ($5::text IS NULL OR room.name ILIKE $5
                  OR EXISTS (SELECT 1 FROM chat.users AS other
                             WHERE room.kind = 'direct' AND NOT other.deleted
                               AND other.user_id = CASE WHEN room.user_lo = $1 THEN room.user_hi ELSE room.user_lo END
                               AND (other.username ILIKE $5 OR other.display_name ILIKE $5)))
           ORDER BY room.updated_at DESC, room.id DESC
           LIMIT $6"#,
        wanted.user_id as UserId,
        wanted.archived,
        wanted.before.map(|place| place.updated_at),
        wanted.before.map(|place| place.room_id) as Option<RoomId>,
        pattern,
        wanted.limit,
    )
    .fetch_all(db)
    .await
}

/// A pattern for texts that contain this one as it is.
fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Changes how somebody keeps a room. False when that is how they keep it already; none when they are not in it.
#[tracing::instrument(name = "db.user_rooms.update_settings", skip_all)]
pub(crate) async fn update_settings(
    db: &mut PgConnection,
    user: UserId,
    room: RoomId,
    settings: Settings,
) -> Result<Option<bool>, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT muted_until, pinned, archived
         FROM chat.user_rooms
         WHERE user_id = $1 AND room_id = $2
         FOR NO KEY UPDATE",
        user as UserId,
        room as RoomId,
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let muted_until = match settings.mute {
        None => row.muted_until,
        Some(Mute::Until(until)) => Some(until),
        Some(Mute::Off) => None,
    };
    let pinned = settings.pinned.unwrap_or(row.pinned);
    let archived = settings.archived.unwrap_or(row.archived);
    if (muted_until, pinned, archived) == (row.muted_until, row.pinned, row.archived) {
        return Ok(Some(false));
    }
    sqlx::query!(
        "UPDATE chat.user_rooms
         SET muted_until = $3, pinned = $4, archived = $5
         WHERE user_id = $1 AND room_id = $2",
        user as UserId,
        room as RoomId,
        muted_until,
        pinned,
        archived,
    )
    .execute(db)
    .await?;
    Ok(Some(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_a_pattern_is_taken_as_it_is() {
        assert_eq!(containing(r"50%_\"), r"%50\%\_\\%");
    }
}
