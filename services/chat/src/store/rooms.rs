//! Rooms, and the lock that orders everything that happens in one.

use chrono::{DateTime, Utc};
use kith_ids::{RoomId, UserId};
use sqlx::PgConnection;

use crate::domain::pair::PairKey;

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
#[tracing::instrument(name = "db.rooms.lock", skip_all)]
pub(crate) async fn lock(
    db: &mut PgConnection,
    rooms: &[RoomId],
) -> Result<Vec<LockedRoom>, sqlx::Error> {
    sqlx::query_as!(
        LockedRoom,
        r#"SELECT id AS "id: RoomId", kind = 'direct' AS "is_direct!", name, user_lo AS "user_lo: UserId",
                  user_hi AS "user_hi: UserId", last_seq, participant_count, updated_at,
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

/// A room to make.
#[derive(Debug, Clone)]
pub(crate) struct NewRoom {
    pub(crate) id: RoomId,
    /// The two of a direct room; none: a group.
    pub(crate) pair: Option<PairKey>,
    pub(crate) name: Option<String>,
    pub(crate) created_by: UserId,
    /// Makes the creation of a group repeatable.
    pub(crate) client_id: Option<String>,
}

/// Makes a room with an empty log and nobody in it, and locks it. None when there is one of this pair, or of this creator
/// and `client_id`: also one that another transaction commits while this one waits for it.
#[tracing::instrument(name = "db.rooms.insert", skip_all)]
pub(crate) async fn insert(
    db: &mut PgConnection,
    room: &NewRoom,
) -> Result<Option<LockedRoom>, sqlx::Error> {
    let kind = if room.pair.is_some() {
        "direct"
    } else {
        "group"
    };
    let inserted = sqlx::query_scalar!(
        r#"INSERT INTO chat.chat_rooms
               (id, kind, name, user_lo, user_hi, created_by, client_id, last_seq, participant_count, created_at, updated_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, clock_timestamp(), clock_timestamp())
           ON CONFLICT DO NOTHING
           RETURNING id AS "id: RoomId""#,
        room.id as RoomId,
        kind,
        room.name,
        room.pair.map(|pair| pair.lo) as Option<UserId>,
        room.pair.map(|pair| pair.hi) as Option<UserId>,
        room.created_by as UserId,
        room.client_id,
    )
    .fetch_optional(&mut *db)
    .await?;
    match inserted {
        Some(id) => Ok(lock(db, &[id]).await?.pop()),
        None => Ok(None),
    }
}

/// The direct room of two people.
#[tracing::instrument(name = "db.rooms.find_by_pair", skip_all)]
pub(crate) async fn find_by_pair(
    db: &mut PgConnection,
    pair: PairKey,
) -> Result<Option<RoomId>, sqlx::Error> {
    Ok(list_by_pairs(db, &[pair]).await?.pop())
}

/// The direct rooms of pairs, those that exist.
#[tracing::instrument(name = "db.rooms.list_by_pairs", skip_all)]
pub(crate) async fn list_by_pairs(
    db: &mut PgConnection,
    pairs: &[PairKey],
) -> Result<Vec<RoomId>, sqlx::Error> {
    let (los, his): (Vec<UserId>, Vec<UserId>) =
        pairs.iter().map(|pair| (pair.lo, pair.hi)).unzip();
    sqlx::query_scalar!(
        r#"SELECT room.id AS "id: RoomId"
           FROM unnest($1::uuid[], $2::uuid[]) AS pair (lo, hi)
           JOIN chat.chat_rooms AS room ON room.user_lo = pair.lo AND room.user_hi = pair.hi
           ORDER BY room.id"#,
        &los as &[UserId],
        &his as &[UserId],
    )
    .fetch_all(db)
    .await
}

/// The group that somebody made under a `client_id`.
#[tracing::instrument(name = "db.rooms.find_by_creation", skip_all)]
pub(crate) async fn find_by_creation(
    db: &mut PgConnection,
    creator: UserId,
    client_id: &str,
) -> Result<Option<RoomId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: RoomId" FROM chat.chat_rooms WHERE created_by = $1 AND client_id = $2"#,
        creator as UserId,
        client_id,
    )
    .fetch_optional(db)
    .await
}

/// Every room that somebody is in.
#[tracing::instrument(name = "db.rooms.list_of_user", skip_all)]
pub(crate) async fn list_of_user(
    db: &mut PgConnection,
    user: UserId,
) -> Result<Vec<RoomId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT room_id AS "room_id: RoomId" FROM chat.user_rooms WHERE user_id = $1 ORDER BY room_id"#,
        user as UserId,
    )
    .fetch_all(db)
    .await
}

/// Those of the rooms whose rows another transaction has locked. Waits for none of them.
#[tracing::instrument(name = "db.rooms.list_held", skip_all)]
pub(crate) async fn list_held(
    db: &mut PgConnection,
    rooms: &[RoomId],
) -> Result<Vec<RoomId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"WITH free AS MATERIALIZED (
               SELECT id FROM chat.chat_rooms WHERE id = ANY($1::uuid[]) FOR NO KEY UPDATE SKIP LOCKED)
           SELECT id AS "id: RoomId" FROM chat.chat_rooms
           WHERE id = ANY($1::uuid[]) AND id NOT IN (SELECT id FROM free)"#,
        rooms as &[RoomId],
    )
    .fetch_all(db)
    .await
}

/// Renames a locked room.
#[tracing::instrument(name = "db.rooms.update_name", skip_all)]
pub(crate) async fn update_name(
    db: &mut PgConnection,
    room: RoomId,
    name: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE chat.chat_rooms SET name = $2 WHERE id = $1",
        room as RoomId,
        name,
    )
    .execute(db)
    .await?;
    Ok(())
}
