//! People who are in groups with somebody.

use kith_ids::UserId;
use sqlx::PgConnection;

/// Groups that are looked at: those with the newest activity.
const GROUPS: i64 = 50;
/// In a larger group, being in it together says little, and a scan of it costs much.
const LARGEST_GROUP: i32 = 50;
/// People at most.
const COMPANIONS: i64 = 200;

/// Somebody, and in how many groups they are together with the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Companion {
    pub(crate) user_id: UserId,
    pub(crate) groups: i64,
}

/// People who are in small groups with a user, those of most groups first.
pub(crate) async fn list(
    db: &mut PgConnection,
    user: UserId,
) -> Result<Vec<Companion>, sqlx::Error> {
    sqlx::query_as!(
        Companion,
        r#"SELECT stay.user_id AS "user_id: UserId", count(*) AS "groups!"
           FROM (SELECT room.id
                 FROM chat.user_rooms AS side
                 JOIN chat.chat_rooms AS room ON room.id = side.room_id
                 WHERE side.user_id = $1 AND room.kind = 'group' AND room.participant_count <= $2
                 ORDER BY room.updated_at DESC, room.id DESC
                 LIMIT $3) AS shared
           JOIN chat.chat_participants AS stay ON stay.room_id = shared.id AND stay.left_seq IS NULL
           WHERE stay.user_id <> $1
           GROUP BY stay.user_id
           ORDER BY count(*) DESC, stay.user_id
           LIMIT $4"#,
        user as UserId,
        LARGEST_GROUP,
        GROUPS,
        COMPANIONS,
    )
    .fetch_all(db)
    .await
}
