//! Where the logs end.

use std::collections::HashMap;

use kith_ids::{RoomId, UserId};
use sqlx::{PgConnection, PgPool, PgTransaction};

/// Where logs end, of one moment.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    /// The log's epoch.
    pub(crate) epoch: i64,
    pub(crate) rooms: Vec<(RoomId, i64)>,
    /// Who has no log yet is absent.
    pub(crate) users: Vec<(UserId, i64)>,
}

/// Where people's logs end, and the rooms that they are in, of one moment.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// The log's epoch.
    pub(crate) epoch: i64,
    /// Who has no log yet is absent.
    pub(crate) useqs: HashMap<UserId, i64>,
    /// Of each the room with the newest activity first.
    pub(crate) memberships: HashMap<UserId, Vec<Membership>>,
}

/// Begins a transaction that reads one snapshot, and nothing else.
#[tracing::instrument(name = "db.heads.begin_snapshot", skip_all)]
pub(crate) async fn begin_snapshot(pool: &PgPool) -> Result<PgTransaction<'static>, sqlx::Error> {
    pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        .await
}

/// The heads of rooms' and people's logs: one statement, because gateways ask for them all the time.
#[tracing::instrument(name = "db.heads.list", skip_all)]
pub(crate) async fn list(
    db: &mut PgConnection,
    rooms: &[RoomId],
    users: &[UserId],
) -> Result<Heads, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT NULL::uuid AS "room_id: RoomId", NULL::uuid AS "user_id: UserId", epoch AS "head!"
           FROM chat.log_state
           UNION ALL
           SELECT id, NULL, last_seq
           FROM chat.chat_rooms
           WHERE id = ANY($1)
           UNION ALL
           SELECT NULL, user_id, useq
           FROM chat.user_logs
           WHERE user_id = ANY($2)"#,
        rooms as &[RoomId],
        users as &[UserId],
    )
    .fetch_all(db)
    .await?;
    let mut heads = Heads::default();
    for row in rows {
        match (row.room_id, row.user_id) {
            (Some(room), _) => heads.rooms.push((room, row.head)),
            (None, Some(user)) => heads.users.push((user, row.head)),
            (None, None) => heads.epoch = row.head,
        }
    }
    Ok(heads)
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

/// A current stay, with where its room's log ends.
#[derive(Debug, Clone)]
pub(crate) struct Membership {
    pub(crate) room_id: RoomId,
    pub(crate) last_seq: i64,
    pub(crate) joined_seq: i64,
    pub(crate) participant_count: i32,
}

/// Where these people's logs end and which rooms they are in: one statement, because thousands of devices come back at once.
#[tracing::instrument(name = "db.heads.find_standing", skip_all)]
pub(crate) async fn find_standing(
    db: &mut PgConnection,
    users: &[UserId],
) -> Result<Standing, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT NULL::uuid AS "user_id: UserId", NULL::uuid AS "room_id: RoomId", epoch AS "head!", 0::bigint AS "joined_seq!",
                  0 AS "participant_count!", NULL::timestamptz AS updated_at
           FROM chat.log_state
           UNION ALL
           SELECT user_id, NULL, useq, 0, 0, NULL
           FROM chat.user_logs
           WHERE user_id = ANY($1)
           UNION ALL
           SELECT u.user_id, r.id, r.last_seq, u.joined_seq, r.participant_count, r.updated_at
           FROM chat.user_rooms u
           JOIN chat.chat_rooms r ON r.id = u.room_id
           WHERE u.user_id = ANY($1)
           ORDER BY 6 DESC, 2"#,
        users as &[UserId],
    )
    .fetch_all(db)
    .await?;
    let mut standing = Standing::default();
    for row in rows {
        match (row.user_id, row.room_id) {
            (Some(user), Some(room_id)) => {
                let membership = Membership {
                    room_id,
                    last_seq: row.head,
                    joined_seq: row.joined_seq,
                    participant_count: row.participant_count,
                };
                standing
                    .memberships
                    .entry(user)
                    .or_default()
                    .push(membership);
            }
            (Some(user), None) => {
                standing.useqs.insert(user, row.head);
            }
            (None, _) => standing.epoch = row.head,
        }
    }
    Ok(standing)
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
