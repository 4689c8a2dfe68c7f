//! Rooms as their participants see them: everything of many rooms in a fixed number of statements.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kith_ids::{RoomId, UserId};
use sqlx::PgConnection;

use super::{message_rows, participants};
use crate::{
    Error,
    domain::{
        message::Message, participant::Participant, position::UNREAD_CAP, room_view::RoomView,
    },
};

/// Participants that a room shows of itself.
const SHOWN_PARTICIPANTS: i64 = 10;

/// A room, who looks at it, and how far they have read as far as the tables do not know yet (else 0).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) viewer: UserId,
    pub(crate) room_id: RoomId,
    pub(crate) read_seq: i64,
}

struct Row {
    id: RoomId,
    viewer: UserId,
    kind: String,
    name: Option<String>,
    avatar_url: Option<String>,
    external_id: Option<String>,
    last_seq: i64,
    epoch: i64,
    participant_count: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    role: String,
    joined_seq: i64,
    read_seq: i64,
    unread_count: i64,
    mention_count: i64,
    muted_until: Option<DateTime<Utc>>,
    pinned: bool,
    archived: bool,
    last_message_seq: Option<i64>,
}

/// The rooms that are looked at, in the order of the looks. One that its viewer is not in is left out.
#[tracing::instrument(name = "db.room_views.list", skip_all)]
pub(crate) async fn list(db: &mut PgConnection, looks: &[Look]) -> Result<Vec<RoomView>, Error> {
    let rows = list_rows(db, looks).await?;
    let mut rooms: Vec<RoomId> = rows.iter().map(|row| row.id).collect();
    rooms.sort_unstable();
    rooms.dedup();
    let mut viewers: Vec<UserId> = rows.iter().map(|row| row.viewer).collect();
    viewers.sort_unstable();
    viewers.dedup();
    let people = list_people(db, &rooms, &viewers).await?;
    let last = list_last_messages(db, &rows).await?;
    rows.into_iter()
        .map(|row| {
            let people = people.get(&row.id).cloned().unwrap_or_default();
            let last = row
                .last_message_seq
                .and_then(|seq| last.get(&(row.id, seq)).cloned());
            view(row, people, last)
        })
        .collect()
}

/// What is unread is counted in the order of the log: without one, a plan for unknown rooms looks all over the table for the first thousand.
async fn list_rows(db: &mut PgConnection, looks: &[Look]) -> Result<Vec<Row>, sqlx::Error> {
    let viewers: Vec<UserId> = looks.iter().map(|look| look.viewer).collect();
    let rooms: Vec<RoomId> = looks.iter().map(|look| look.room_id).collect();
    let reads: Vec<i64> = looks.iter().map(|look| look.read_seq).collect();
    sqlx::query_as!(
        Row,
        r#"SELECT room.id AS "id!: RoomId", look.viewer AS "viewer!: UserId", room.kind AS "kind!", room.name AS "name?",
                  room.avatar_url AS "avatar_url?", room.external_id AS "external_id?", room.last_seq AS "last_seq!",
                  (SELECT epoch FROM chat.log_state) AS "epoch!", room.participant_count AS "participant_count!",
                  room.created_at AS "created_at!", room.updated_at AS "updated_at!", stay.role AS "role!",
                  stay.joined_seq AS "joined_seq!", greatest(position.read_seq, look.read_seq) AS "read_seq!",
                  unread.messages AS "unread_count!", unread.mentions AS "mention_count!",
                  side.muted_until AS "muted_until?", side.pinned AS "pinned!", side.archived AS "archived!",
                  (SELECT max(seq) FROM chat.chat_messages AS message
                   WHERE message.room_id = room.id AND message.seq >= stay.joined_seq) AS last_message_seq
           FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) WITH ORDINALITY AS look (viewer, room_id, read_seq, place)
           JOIN chat.user_rooms AS side ON side.user_id = look.viewer AND side.room_id = look.room_id
           JOIN chat.chat_rooms AS room ON room.id = look.room_id
           JOIN chat.chat_participants AS stay
               ON stay.room_id = room.id AND stay.user_id = look.viewer AND stay.left_seq IS NULL
           LEFT JOIN chat.positions AS position ON position.room_id = room.id AND position.user_id = look.viewer
           CROSS JOIN LATERAL (
               SELECT count(*) AS messages, count(*) FILTER (WHERE look.viewer = ANY(mention_ids)) AS mentions
               FROM (SELECT mention_ids
                     FROM chat.chat_messages
                     WHERE room_id = room.id AND seq > greatest(position.read_seq, look.read_seq, stay.joined_seq)
                       AND sender_id <> look.viewer AND deleted_at IS NULL
                     ORDER BY seq
                     LIMIT $4) AS above) AS unread
           ORDER BY look.place"#,
        &viewers as &[UserId],
        &rooms as &[RoomId],
        &reads,
        UNREAD_CAP,
    )
    .fetch_all(db)
    .await
}

async fn list_people(
    db: &mut PgConnection,
    rooms: &[RoomId],
    viewers: &[UserId],
) -> Result<HashMap<RoomId, Vec<Participant>>, Error> {
    let wanted = participants::Wanted {
        each: SHOWN_PARTICIPANTS,
        viewers,
        ..participants::Wanted::all_of(rooms)
    };
    let mut people: HashMap<RoomId, Vec<Participant>> = HashMap::new();
    for participant in participants::list(db, wanted).await? {
        people
            .entry(participant.room_id)
            .or_default()
            .push(participant);
    }
    Ok(people)
}

async fn list_last_messages(
    db: &mut PgConnection,
    rows: &[Row],
) -> Result<HashMap<(RoomId, i64), Message>, Error> {
    let mut places: Vec<(RoomId, i64)> = rows
        .iter()
        .filter_map(|row| Some((row.id, row.last_message_seq?)))
        .collect();
    places.sort_unstable();
    places.dedup();
    let (rooms, seqs): (Vec<RoomId>, Vec<i64>) = places.into_iter().unzip();
    let messages = message_rows::list_at(db, &rooms, &seqs).await?;
    Ok(messages
        .into_iter()
        .map(|message| ((message.room_id, message.seq), message))
        .collect())
}

fn view(
    row: Row,
    participants: Vec<Participant>,
    last_message: Option<Message>,
) -> Result<RoomView, Error> {
    Ok(RoomView {
        kind: participants::parse_kind(&row.kind)?,
        role: participants::parse_role(&row.role)?,
        id: row.id,
        viewer: row.viewer,
        name: row.name,
        avatar_url: row.avatar_url,
        external_id: row.external_id,
        last_seq: row.last_seq,
        epoch: row.epoch,
        participant_count: row.participant_count,
        created_at: row.created_at,
        updated_at: row.updated_at,
        joined_seq: row.joined_seq,
        read_seq: row.read_seq,
        unread_count: row.unread_count,
        mention_count: row.mention_count,
        muted_until: row.muted_until,
        pinned: row.pinned,
        archived: row.archived,
        last_message,
        participants,
    })
}
