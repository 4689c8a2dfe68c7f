//! How far people got in rooms, when they got there, and what is unread above it.

use chrono::{DateTime, Utc};
use kith_ids::{MessageId, RoomId, UserId};
use sqlx::PgConnection;

use crate::domain::position::{RECEIPTS_ROOM_SIZE, Standing, UNREAD_CAP};

/// Up to where somebody says that they read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) room_id: RoomId,
    pub(crate) user_id: UserId,
    pub(crate) seq: i64,
    /// Their position as far as it is known and not in the tables yet.
    pub(crate) known: i64,
}

/// A position that is locked, with what decides about its next value and about who hears of it.
#[derive(Debug, Clone)]
pub(crate) struct LockedPosition {
    pub(crate) room_id: RoomId,
    pub(crate) user_id: UserId,
    pub(crate) head: i64,
    pub(crate) participant_count: i32,
    pub(crate) read_seq: i64,
    pub(crate) delivered_seq: i64,
    /// They let others see what they read.
    pub(crate) read_receipts: bool,
    /// Participants between whom and them a block lies, and those who do not show what they read themselves.
    pub(crate) hidden_from: Vec<UserId>,
}

/// A position to write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewPosition {
    pub(crate) room_id: RoomId,
    pub(crate) user_id: UserId,
    pub(crate) read_seq: i64,
    /// When it was reached; none: it did not move.
    pub(crate) read_at: Option<DateTime<Utc>>,
    pub(crate) delivered_seq: i64,
    /// When it was reached; none: it did not move.
    pub(crate) delivered_at: Option<DateTime<Utc>>,
}

/// Unread messages of somebody in a room.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unread {
    pub(crate) room_id: RoomId,
    pub(crate) user_id: UserId,
    pub(crate) count: i64,
}

/// Where people stand, each at the place of what they ask; none for those who are not in the room. What is unread is counted
/// above the position that they would have then, in the order of the log as in [`list_unread`].
#[tracing::instrument(name = "db.positions.list_standings", skip_all)]
pub(crate) async fn list_standings(
    db: &mut PgConnection,
    asked: &[Asked],
) -> Result<Vec<Option<Standing>>, sqlx::Error> {
    let rooms: Vec<RoomId> = asked.iter().map(|it| it.room_id).collect();
    let users: Vec<UserId> = asked.iter().map(|it| it.user_id).collect();
    let seqs: Vec<i64> = asked.iter().map(|it| it.seq).collect();
    let known: Vec<i64> = asked.iter().map(|it| it.known).collect();
    let found = sqlx::query!(
        r#"SELECT given.place AS "place!", room.last_seq AS head,
                  greatest(position.read_seq, given.known) AS "position!",
                  (SELECT count(*)
                   FROM (SELECT 1
                         FROM chat.chat_messages AS message
                         WHERE message.room_id = given.room_id
                           AND message.seq > greatest(position.read_seq, given.known, given.seq, stay.joined_seq)
                           AND message.sender_id <> given.user_id AND message.deleted_at IS NULL
                         ORDER BY message.seq
                         LIMIT $5) AS above) AS "unread!"
           FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[]) WITH ORDINALITY
                AS given (room_id, user_id, seq, known, place)
           JOIN chat.chat_participants AS stay
               ON stay.room_id = given.room_id AND stay.user_id = given.user_id AND stay.left_seq IS NULL
           JOIN chat.chat_rooms AS room ON room.id = given.room_id
           LEFT JOIN chat.positions AS position
               ON position.room_id = given.room_id AND position.user_id = given.user_id"#,
        &rooms as &[RoomId],
        &users as &[UserId],
        &seqs,
        &known,
        UNREAD_CAP,
    )
    .fetch_all(db)
    .await?;
    let mut standings = vec![None; asked.len()];
    for row in found {
        let place = usize::try_from(row.place - 1).ok();
        if let Some(standing) = place.and_then(|place| standings.get_mut(place)) {
            *standing = Some(Standing {
                head: row.head,
                position: row.position,
                unread: row.unread,
            });
        }
    }
    Ok(standings)
}

/// The room and place of a message that somebody can see: it is of their current stay.
#[tracing::instrument(name = "db.positions.find_message", skip_all)]
pub(crate) async fn find_message(
    db: &mut PgConnection,
    message: MessageId,
    user: UserId,
) -> Result<Option<MessagePlace>, sqlx::Error> {
    sqlx::query_as!(
        MessagePlace,
        r#"SELECT message.room_id AS "room_id: RoomId", message.seq, message.sender_id AS "sender_id: UserId"
           FROM chat.chat_messages AS message
           JOIN chat.chat_participants AS stay
               ON stay.room_id = message.room_id AND stay.user_id = $2 AND stay.left_seq IS NULL
           WHERE message.id = $1 AND message.seq >= stay.joined_seq"#,
        message as MessageId,
        user as UserId,
    )
    .fetch_optional(db)
    .await
}

/// Where a message is, and whose it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MessagePlace {
    pub(crate) room_id: RoomId,
    pub(crate) seq: i64,
    pub(crate) sender_id: UserId,
}

/// Others' undeleted messages of people's stays above positions, exact up to the cap; those who are not in are left out.
/// Counted in the order of the log: without one, a plan for unknown rooms looks all over the table for the first thousand.
#[tracing::instrument(name = "db.positions.list_unread", skip_all)]
pub(crate) async fn list_unread(
    db: &mut PgConnection,
    positions: &[(RoomId, UserId, i64)],
) -> Result<Vec<Unread>, sqlx::Error> {
    let rooms: Vec<RoomId> = positions.iter().map(|position| position.0).collect();
    let users: Vec<UserId> = positions.iter().map(|position| position.1).collect();
    let seqs: Vec<i64> = positions.iter().map(|position| position.2).collect();
    sqlx::query_as!(
        Unread,
        r#"SELECT given.room_id AS "room_id!: RoomId", given.user_id AS "user_id!: UserId",
                  (SELECT count(*)
                   FROM (SELECT 1
                         FROM chat.chat_messages AS message
                         WHERE message.room_id = given.room_id AND message.seq > greatest(given.seq, stay.joined_seq)
                           AND message.sender_id <> given.user_id AND message.deleted_at IS NULL
                         ORDER BY message.seq
                         LIMIT $4) AS above) AS "count!"
           FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS given (room_id, user_id, seq)
           JOIN chat.chat_participants AS stay
               ON stay.room_id = given.room_id AND stay.user_id = given.user_id AND stay.left_seq IS NULL"#,
        &rooms as &[RoomId],
        &users as &[UserId],
        &seqs,
        UNREAD_CAP,
    )
    .fetch_all(db)
    .await
}

/// Locks positions in the order of rooms and people, so that two batches cannot wait for each other. Those of people who
/// are not in the room are left out.
#[tracing::instrument(name = "db.positions.lock", skip_all)]
pub(crate) async fn lock(
    db: &mut PgConnection,
    keys: &[(RoomId, UserId)],
) -> Result<Vec<LockedPosition>, sqlx::Error> {
    let (rooms, users): (Vec<RoomId>, Vec<UserId>) = keys.iter().copied().unzip();
    sqlx::query_as!(
        LockedPosition,
        r#"SELECT position.room_id AS "room_id: RoomId", position.user_id AS "user_id: UserId", room.last_seq AS head,
                  room.participant_count, position.read_seq, position.delivered_seq,
                  coalesce((SELECT person.read_receipts FROM chat.users AS person
                            WHERE person.user_id = position.user_id), true) AS "read_receipts!",
                  ARRAY(SELECT other.user_id
                        FROM chat.direct_pairs AS pair
                        JOIN chat.chat_participants AS other
                            ON other.room_id = position.room_id AND other.left_seq IS NULL
                           AND other.user_id
                               = CASE WHEN pair.user_lo = position.user_id THEN pair.user_hi ELSE pair.user_lo END
                        WHERE pair.blocked AND (pair.user_lo = position.user_id OR pair.user_hi = position.user_id)
                        UNION
                        SELECT other.user_id
                        FROM chat.chat_participants AS other
                        JOIN chat.users AS hiding ON hiding.user_id = other.user_id AND NOT hiding.read_receipts
                        -- Nobody is told live in larger rooms, so nobody is looked for there.
                        WHERE room.participant_count <= $3
                          AND other.room_id = position.room_id AND other.left_seq IS NULL)
                      AS "hidden_from!: Vec<UserId>"
           FROM unnest($1::uuid[], $2::uuid[]) AS given (room_id, user_id)
           JOIN chat.positions AS position ON position.room_id = given.room_id AND position.user_id = given.user_id
           JOIN chat.chat_participants AS stay
               ON stay.room_id = given.room_id AND stay.user_id = given.user_id AND stay.left_seq IS NULL
           JOIN chat.chat_rooms AS room ON room.id = given.room_id
           ORDER BY position.room_id, position.user_id
           FOR NO KEY UPDATE OF position"#,
        &rooms as &[RoomId],
        &users as &[UserId],
        RECEIPTS_ROOM_SIZE,
    )
    .fetch_all(db)
    .await
}

/// Writes locked positions, and a receipt for each read position that moved.
#[tracing::instrument(name = "db.positions.update", skip_all)]
pub(crate) async fn update(
    db: &mut PgConnection,
    positions: &[NewPosition],
) -> Result<(), sqlx::Error> {
    let rooms: Vec<RoomId> = positions.iter().map(|position| position.room_id).collect();
    let users: Vec<UserId> = positions.iter().map(|position| position.user_id).collect();
    let reads: Vec<i64> = positions.iter().map(|position| position.read_seq).collect();
    let read_times: Vec<Option<DateTime<Utc>>> =
        positions.iter().map(|position| position.read_at).collect();
    let deliveries: Vec<i64> = positions
        .iter()
        .map(|position| position.delivered_seq)
        .collect();
    let delivery_times: Vec<Option<DateTime<Utc>>> = positions
        .iter()
        .map(|position| position.delivered_at)
        .collect();
    sqlx::query!(
        "WITH given AS (
             SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::bigint[], $6::timestamptz[])
                  AS given (room_id, user_id, read_seq, read_at, delivered_seq, delivered_at)),
         receipts AS (
             INSERT INTO chat.message_read_receipts (room_id, user_id, up_to_seq, at)
             SELECT room_id, user_id, read_seq, read_at FROM given WHERE read_at IS NOT NULL
             ON CONFLICT DO NOTHING)
         UPDATE chat.positions AS position
         SET read_seq = greatest(position.read_seq, given.read_seq),
             read_at = coalesce(given.read_at, position.read_at),
             delivered_seq = greatest(position.delivered_seq, given.delivered_seq),
             delivered_at = coalesce(given.delivered_at, position.delivered_at)
         FROM given
         WHERE position.room_id = given.room_id AND position.user_id = given.user_id",
        &rooms as &[RoomId],
        &users as &[UserId],
        &reads,
        &read_times as &[Option<DateTime<Utc>>],
        &deliveries,
        &delivery_times as &[Option<DateTime<Utc>>],
    )
    .execute(db)
    .await?;
    Ok(())
}

/// How somebody stands on one message.
#[derive(Debug, Clone)]
pub(crate) struct ReceiptRow {
    pub(crate) user_id: UserId,
    pub(crate) joined_seq: i64,
    pub(crate) delivered_at: Option<DateTime<Utc>>,
    pub(crate) read_at: Option<DateTime<Utc>>,
    /// They let others see what they read, and so does the viewer.
    pub(crate) read_receipts: bool,
    /// A block lies between them and the viewer.
    pub(crate) blocked: bool,
}

/// Which receipts are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WantedReceipts {
    pub(crate) message: MessagePlace,
    pub(crate) viewer: UserId,
    /// The last one of the page before.
    pub(crate) after: (i64, UserId),
    pub(crate) most: i64,
}

impl WantedReceipts {
    /// Before everybody.
    pub(crate) const START: (i64, UserId) = (0, UserId::new(uuid::Uuid::nil()));
}

/// Everybody but the sender who can see a message, and when they got and read it, by time of joining.
#[tracing::instrument(name = "db.positions.list_receipts", skip_all)]
pub(crate) async fn list_receipts(
    db: &mut PgConnection,
    wanted: WantedReceipts,
) -> Result<Vec<ReceiptRow>, sqlx::Error> {
    let (message, (joined_seq, user_id)) = (wanted.message, wanted.after);
    sqlx::query_as!(
        ReceiptRow,
        r#"SELECT stay.user_id AS "user_id: UserId",
                  stay.joined_seq,
                  CASE WHEN position.delivered_seq >= $2 THEN position.delivered_at END AS delivered_at,
                  (SELECT receipt.at FROM chat.message_read_receipts AS receipt
                   WHERE receipt.room_id = $1 AND receipt.user_id = stay.user_id AND receipt.up_to_seq >= $2
                   ORDER BY receipt.up_to_seq
                   LIMIT 1) AS read_at,
                  coalesce(person.read_receipts, true)
                      AND coalesce((SELECT own.read_receipts FROM chat.users AS own WHERE own.user_id = $4), true)
                      AS "read_receipts!",
                  EXISTS (SELECT 1 FROM chat.direct_pairs AS pair
                          WHERE pair.blocked AND pair.user_lo = least(stay.user_id, $4)
                            AND pair.user_hi = greatest(stay.user_id, $4)) AS "blocked!"
           FROM chat.chat_participants AS stay
           LEFT JOIN chat.positions AS position ON position.room_id = stay.room_id AND position.user_id = stay.user_id
           LEFT JOIN chat.users AS person ON person.user_id = stay.user_id
           WHERE stay.room_id = $1 AND stay.left_seq IS NULL AND stay.joined_seq <= $2 AND stay.user_id <> $3
             AND (stay.joined_seq, stay.user_id) > ($5, $6)
           ORDER BY stay.joined_seq, stay.user_id
           LIMIT $7"#,
        message.room_id as RoomId,
        message.seq,
        message.sender_id as UserId,
        wanted.viewer as UserId,
        joined_seq,
        user_id as UserId,
        wanted.most,
    )
    .fetch_all(db)
    .await
}
