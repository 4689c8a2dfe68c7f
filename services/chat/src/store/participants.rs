//! Stays in rooms: who is in, since when, as what.

use chrono::{DateTime, Utc};
use kith_ids::{RoomId, UserId};
use sqlx::PgConnection;

use crate::{
    Error,
    domain::{
        membership::{Candidate, Crew},
        participant::Participant,
        role::Role,
        room::RoomKind,
    },
};

/// Somebody's current stay.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stay {
    pub(crate) role: Role,
    /// What sort of room it is in.
    pub(crate) kind: RoomKind,
}

/// A stay that begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewStay {
    pub(crate) user_id: UserId,
    pub(crate) role: Role,
    pub(crate) joined_seq: i64,
}

/// A participant as the tables have them.
struct Row {
    room_id: RoomId,
    user_id: UserId,
    username: String,
    display_name: String,
    avatar_url: Option<String>,
    deleted: bool,
    role: String,
    joined_at: DateTime<Utc>,
    joined_seq: i64,
    read_seq: i64,
    read_receipts: bool,
    in_a_block: bool,
    hidden_from: Vec<UserId>,
}

impl TryFrom<Row> for Participant {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            room_id: row.room_id,
            user_id: row.user_id,
            username: row.username,
            display_name: row.display_name,
            avatar_url: row.avatar_url,
            deleted: row.deleted,
            role: parse_role(&row.role)?,
            joined_at: row.joined_at,
            joined_seq: row.joined_seq,
            read_seq: row.read_seq,
            read_receipts: row.read_receipts,
            in_a_block: row.in_a_block,
            hidden_from: row.hidden_from,
        })
    }
}

/// Reads the role of a stay.
pub(super) fn parse_role(word: &str) -> Result<Role, Error> {
    Role::parse(word).ok_or(Error::Inconsistent {
        table: "chat_participants",
        column: "role",
    })
}

/// Reads the sort of a room.
pub(super) fn parse_kind(word: &str) -> Result<RoomKind, Error> {
    RoomKind::parse(word).ok_or(Error::Inconsistent {
        table: "chat_rooms",
        column: "kind",
    })
}

/// Somebody's current stay in a room.
#[tracing::instrument(name = "db.participants.find", skip_all)]
pub(crate) async fn find(
    db: &mut PgConnection,
    room: RoomId,
    user: UserId,
) -> Result<Option<Stay>, Error> {
    let row = sqlx::query!(
        "SELECT stay.role, room.kind
         FROM chat.chat_participants AS stay
         JOIN chat.chat_rooms AS room ON room.id = stay.room_id
         WHERE stay.room_id = $1 AND stay.user_id = $2 AND stay.left_seq IS NULL",
        room as RoomId,
        user as UserId,
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(Stay {
            role: parse_role(&row.role)?,
            kind: parse_kind(&row.kind)?,
        })
    })
    .transpose()
}

/// How many people and owners a room has.
#[tracing::instrument(name = "db.participants.find_crew", skip_all)]
pub(crate) async fn find_crew(db: &mut PgConnection, room: RoomId) -> Result<Crew, sqlx::Error> {
    sqlx::query_as!(
        Crew,
        r#"SELECT count(*) FILTER (WHERE role = 'owner') AS "owners!", count(*) AS "participants!"
           FROM chat.chat_participants
           WHERE room_id = $1 AND left_seq IS NULL"#,
        room as RoomId,
    )
    .fetch_one(db)
    .await
}

/// Everybody but one, for succession.
#[tracing::instrument(name = "db.participants.list_candidates", skip_all)]
pub(crate) async fn list_candidates(
    db: &mut PgConnection,
    room: RoomId,
    but: UserId,
) -> Result<Vec<Candidate>, Error> {
    let rows = sqlx::query!(
        r#"SELECT user_id AS "user_id: UserId", role, joined_seq
           FROM chat.chat_participants
           WHERE room_id = $1 AND user_id <> $2 AND left_seq IS NULL"#,
        room as RoomId,
        but as UserId,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Candidate {
                user_id: row.user_id,
                role: parse_role(&row.role)?,
                joined_seq: row.joined_seq,
            })
        })
        .collect()
}

/// Which of these people are in the room.
#[tracing::instrument(name = "db.participants.list_present", skip_all)]
pub(crate) async fn list_present(
    db: &mut PgConnection,
    room: RoomId,
    among: &[UserId],
) -> Result<Vec<UserId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT user_id AS "user_id: UserId"
           FROM chat.chat_participants
           WHERE room_id = $1 AND user_id = ANY($2) AND left_seq IS NULL"#,
        room as RoomId,
        among as &[UserId],
    )
    .fetch_all(db)
    .await
}

/// Begins stays in a locked room: the stay, the user's side of it, and a position to move.
#[tracing::instrument(name = "db.participants.insert", skip_all)]
pub(crate) async fn insert(
    db: &mut PgConnection,
    room: RoomId,
    stays: &[NewStay],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let users: Vec<UserId> = stays.iter().map(|stay| stay.user_id).collect();
    let roles: Vec<String> = stays
        .iter()
        .map(|stay| stay.role.as_str().to_owned())
        .collect();
    let seqs: Vec<i64> = stays.iter().map(|stay| stay.joined_seq).collect();
    sqlx::query!(
        "WITH given AS (
             SELECT user_id, role, joined_seq
             FROM unnest($2::uuid[], $3::text[], $4::bigint[]) AS given (user_id, role, joined_seq)),
         stays AS (
             INSERT INTO chat.chat_participants (room_id, user_id, joined_seq, role, joined_at)
             SELECT $1, user_id, joined_seq, role, $5 FROM given),
         sides AS (
             INSERT INTO chat.user_rooms (user_id, room_id, joined_seq)
             SELECT user_id, $1, joined_seq FROM given),
         positions AS (
             INSERT INTO chat.positions (room_id, user_id)
             SELECT $1, user_id FROM given ORDER BY user_id
             ON CONFLICT (room_id, user_id) DO NOTHING)
         UPDATE chat.chat_rooms
         SET participant_count = participant_count + cardinality($2::uuid[])
         WHERE id = $1",
        room as RoomId,
        &users as &[UserId],
        &roles,
        &seqs,
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Sets the role of a current stay in a locked room.
#[tracing::instrument(name = "db.participants.update_role", skip_all)]
pub(crate) async fn update_role(
    db: &mut PgConnection,
    room: RoomId,
    user: UserId,
    role: Role,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE chat.chat_participants
         SET role = $3
         WHERE room_id = $1 AND user_id = $2 AND left_seq IS NULL",
        room as RoomId,
        user as UserId,
        role.as_str(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends a stay in a locked room at the seq of its leave event.
#[tracing::instrument(name = "db.participants.update_left", skip_all)]
pub(crate) async fn update_left(
    db: &mut PgConnection,
    room: RoomId,
    user: UserId,
    left_seq: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH stay AS (
             UPDATE chat.chat_participants
             SET left_seq = $3
             WHERE room_id = $1 AND user_id = $2 AND left_seq IS NULL),
         side AS (
             DELETE FROM chat.user_rooms WHERE user_id = $2 AND room_id = $1)
         UPDATE chat.chat_rooms
         SET participant_count = participant_count - 1
         WHERE id = $1",
        room as RoomId,
        user as UserId,
        left_seq,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Which participants are wanted, and for whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) rooms: &'a [RoomId],
    /// Only these people.
    pub(crate) among: Option<&'a [UserId]>,
    /// Above this place in the order of joining.
    pub(crate) after: (i64, UserId),
    /// At most so many of each room.
    pub(crate) each: i64,
    /// Who looks: of them it is told whom a block, or their own setting, hides the positions from.
    pub(crate) viewers: &'a [UserId],
}

impl<'a> Wanted<'a> {
    /// Everybody in these rooms, with nobody looking.
    pub(crate) const fn all_of(rooms: &'a [RoomId]) -> Self {
        Self {
            rooms,
            among: None,
            after: (0, UserId::new(uuid::Uuid::nil())),
            each: i64::MAX,
            viewers: &[],
        }
    }
}

/// Participants of rooms, each room's by time of joining.
#[tracing::instrument(name = "db.participants.list", skip_all)]
pub(crate) async fn list(
    db: &mut PgConnection,
    wanted: Wanted<'_>,
) -> Result<Vec<Participant>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"WITH hiding AS MATERIALIZED (
               SELECT user_id FROM chat.users WHERE user_id = ANY($6) AND NOT read_receipts)
           SELECT stay.room_id AS "room_id!: RoomId", stay.user_id AS "user_id!: UserId",
                  coalesce(person.username, '') AS "username!", coalesce(person.display_name, '') AS "display_name!",
                  person.avatar_url AS "avatar_url?", coalesce(person.deleted, false) AS "deleted!", stay.role AS "role!",
                  stay.joined_at AS "joined_at!", stay.joined_seq AS "joined_seq!", coalesce(position.read_seq, 0) AS "read_seq!",
                  coalesce(person.read_receipts, true) AS "read_receipts!",
                  EXISTS (SELECT 1 FROM chat.direct_pairs AS pair
                          WHERE pair.blocked AND (pair.user_lo = stay.user_id OR pair.user_hi = stay.user_id)) AS "in_a_block!",
                  ARRAY(SELECT CASE WHEN pair.user_lo = stay.user_id THEN pair.user_hi ELSE pair.user_lo END
                        FROM chat.direct_pairs AS pair
                        WHERE pair.blocked
                          AND ((pair.user_lo = stay.user_id AND pair.user_hi = ANY($6))
                            OR (pair.user_hi = stay.user_id AND pair.user_lo = ANY($6)))
                        UNION
                        SELECT user_id FROM hiding) AS "hidden_from!: Vec<UserId>"
           FROM unnest($1::uuid[]) AS room (id)
           CROSS JOIN LATERAL (
               SELECT room_id, user_id, role, joined_at, joined_seq
               FROM chat.chat_participants
               WHERE room_id = room.id AND left_seq IS NULL AND (joined_seq, user_id) > ($3, $4)
                 AND ($2::uuid[] IS NULL OR user_id = ANY($2))
               ORDER BY joined_seq, user_id
               LIMIT $5) AS stay
           LEFT JOIN chat.users AS person ON person.user_id = stay.user_id
           LEFT JOIN chat.positions AS position ON position.room_id = stay.room_id AND position.user_id = stay.user_id
           ORDER BY stay.room_id, stay.joined_seq, stay.user_id"#,
        wanted.rooms as &[RoomId],
        wanted.among as Option<&[UserId]>,
        wanted.after.0,
        wanted.after.1 as UserId,
        wanted.each,
        wanted.viewers as &[UserId],
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Participant::try_from).collect()
}
