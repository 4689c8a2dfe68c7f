//! Rooms' logs: the merge by seq of messages and the other entries. A log has no gaps, so that every seq of a range is
//! found in one of the two tables; one that is not is an inconsistency, never skipped.

use chrono::{DateTime, Utc};
use kith_api::chat::v1::RoomEvent;
use kith_ids::{MessageId, RoomId, UserId};
use prost::Message as _;
use sqlx::PgConnection;

use super::message_rows::MessageRow;
use crate::{Error, domain::message::Message, wire};

/// A stretch of a room's log, both ends included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) room_id: RoomId,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

/// A read from a cursor on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tail {
    pub(crate) room_id: RoomId,
    /// Whose current stay bounds the read; nobody's: the log as it is.
    pub(crate) stay_of: Option<UserId>,
    pub(crate) after: i64,
    pub(crate) limit: i64,
}

/// What a read from a cursor on gives.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) events: Vec<RoomEvent>,
    /// First seq that could have been read.
    pub(crate) from_seq: i64,
    pub(crate) last_seq: i64,
    pub(crate) epoch: i64,
}

/// An entry, from either table.
struct EntryRow {
    room_id: RoomId,
    seq: Option<i64>,
    message_id: Option<MessageId>,
    sender_id: Option<UserId>,
    client_id: Option<String>,
    text: Option<String>,
    mention_ids: Option<Vec<UserId>>,
    reply_to_id: Option<MessageId>,
    reply_to_seq: Option<i64>,
    reply_to_sender_id: Option<UserId>,
    reply_to_excerpt: Option<String>,
    edited_at: Option<DateTime<Utc>>,
    deleted_at: Option<DateTime<Utc>>,
    body: Option<Vec<u8>>,
    created_at: Option<DateTime<Utc>>,
}

/// Reads from a cursor on. Nothing when there is no such room, or no current stay of the one asked for. The stay is
/// judged in the same statement as the entries: read before, it could have ended meanwhile.
#[tracing::instrument(name = "db.log.list_tail", skip_all)]
pub(crate) async fn list_tail(
    db: &mut PgConnection,
    tail: Tail,
    viewer: Option<UserId>,
) -> Result<Option<Read>, Error> {
    let rows = sqlx::query!(
        r#"SELECT bounds.epoch AS "epoch!", bounds.from_seq AS "from_seq!", bounds.last_seq AS "last_seq!", s.seq AS "seq?",
                  m.id AS "message_id?: MessageId", m.sender_id AS "sender_id?: UserId", m.client_id AS "client_id?", m.text,
                  m.mention_ids AS "mention_ids?: Vec<UserId>", m.reply_to_id AS "reply_to_id?: MessageId", m.reply_to_seq,
                  m.reply_to_sender_id AS "reply_to_sender_id?: UserId", m.reply_to_excerpt, m.edited_at, m.deleted_at,
                  e.body AS "body?", coalesce(m.created_at, e.created_at) AS created_at
           FROM (SELECT r.id, r.last_seq, greatest($3::bigint + 1, p.joined_seq, 1) AS from_seq,
                        (SELECT epoch FROM chat.log_state) AS epoch
                 FROM chat.chat_rooms r
                 LEFT JOIN chat.chat_participants p ON p.room_id = r.id AND p.user_id = $2 AND p.left_seq IS NULL
                 WHERE r.id = $1 AND ($2::uuid IS NULL OR p.user_id IS NOT NULL)) bounds
           LEFT JOIN LATERAL generate_series(bounds.from_seq, least(bounds.from_seq + $4::bigint - 1, bounds.last_seq)) AS s (seq)
               ON true
           LEFT JOIN chat.chat_messages m ON m.room_id = bounds.id AND m.seq = s.seq
           LEFT JOIN chat.room_events e ON e.room_id = bounds.id AND e.seq = s.seq
           ORDER BY s.seq"#,
        tail.room_id as RoomId,
        tail.stay_of as Option<UserId>,
        // A cursor near the end of the numbers must not overflow.
        tail.after.min(i64::MAX / 2),
        tail.limit,
    )
    .fetch_all(db)
    .await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let (from_seq, last_seq, epoch) = (first.from_seq, first.last_seq, first.epoch);
    let mut events = Vec::with_capacity(rows.len());
    for row in rows.into_iter().filter(|row| row.seq.is_some()) {
        let entry = EntryRow {
            room_id: tail.room_id,
            seq: row.seq,
            message_id: row.message_id,
            sender_id: row.sender_id,
            client_id: row.client_id,
            text: row.text,
            mention_ids: row.mention_ids,
            reply_to_id: row.reply_to_id,
            reply_to_seq: row.reply_to_seq,
            reply_to_sender_id: row.reply_to_sender_id,
            reply_to_excerpt: row.reply_to_excerpt,
            edited_at: row.edited_at,
            deleted_at: row.deleted_at,
            body: row.body,
            created_at: row.created_at,
        };
        events.push(event(entry, wire::seq(epoch), viewer)?);
    }
    Ok(Some(Read {
        events,
        from_seq,
        last_seq,
        epoch,
    }))
}

/// Reads stretches of several rooms, as this viewer may see them (nobody: with every `client_id`), in the order of the windows. For use in a snapshot in
/// which the windows were found.
#[tracing::instrument(name = "db.log.list_windows", skip_all)]
pub(crate) async fn list_windows(
    db: &mut PgConnection,
    windows: &[Window],
    epoch: i64,
    viewer: Option<UserId>,
) -> Result<Vec<RoomEvent>, Error> {
    let rows = list_rows(db, windows).await?;
    rows.into_iter()
        .map(|row| event(row, wire::seq(epoch), viewer))
        .collect()
}

/// The same for several viewers, each with their own stretches.
#[tracing::instrument(name = "db.log.list_windows_of", skip_all)]
pub(crate) async fn list_windows_of(
    db: &mut PgConnection,
    of: &[(UserId, Window)],
    epoch: i64,
) -> Result<Vec<RoomEvent>, Error> {
    let windows: Vec<Window> = of.iter().map(|(_, window)| *window).collect();
    // Each seq of a stretch is a row, found or not.
    let viewers = of
        .iter()
        .flat_map(|(viewer, window)| (window.from..=window.to).map(|_| *viewer));
    let rows = list_rows(db, &windows).await?;
    rows.into_iter()
        .zip(viewers)
        .map(|(row, viewer)| event(row, wire::seq(epoch), Some(viewer)))
        .collect()
}

async fn list_rows(
    db: &mut PgConnection,
    windows: &[Window],
) -> Result<Vec<EntryRow>, sqlx::Error> {
    let rooms: Vec<RoomId> = windows.iter().map(|window| window.room_id).collect();
    let froms: Vec<i64> = windows.iter().map(|window| window.from).collect();
    let tos: Vec<i64> = windows.iter().map(|window| window.to).collect();
    sqlx::query_as!(
        EntryRow,
        r#"SELECT w.room_id AS "room_id!: RoomId", s.seq AS "seq?",
                  m.id AS "message_id?: MessageId", m.sender_id AS "sender_id?: UserId", m.client_id AS "client_id?", m.text,
                  m.mention_ids AS "mention_ids?: Vec<UserId>", m.reply_to_id AS "reply_to_id?: MessageId", m.reply_to_seq,
                  m.reply_to_sender_id AS "reply_to_sender_id?: UserId", m.reply_to_excerpt, m.edited_at, m.deleted_at,
                  e.body AS "body?", coalesce(m.created_at, e.created_at) AS created_at
           FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS w (room_id, from_seq, to_seq, place)
           CROSS JOIN LATERAL generate_series(w.from_seq, w.to_seq) AS s (seq)
           LEFT JOIN chat.chat_messages m ON m.room_id = w.room_id AND m.seq = s.seq
           LEFT JOIN chat.room_events e ON e.room_id = w.room_id AND e.seq = s.seq
           ORDER BY w.place, s.seq"#,
        &rooms as &[RoomId],
        &froms,
        &tos,
    )
    .fetch_all(db)
    .await
}

/// The first entries of some kinds in stretches of rooms' logs, without looking at messages, in the order of the windows.
#[tracing::instrument(name = "db.log.list_kinds", skip_all)]
pub(crate) async fn list_kinds(
    db: &mut PgConnection,
    windows: &[Window],
    (epoch, limit): (i64, i64),
    kinds: &[&str],
) -> Result<Vec<RoomEvent>, Error> {
    let rooms: Vec<RoomId> = windows.iter().map(|window| window.room_id).collect();
    let froms: Vec<i64> = windows.iter().map(|window| window.from).collect();
    let tos: Vec<i64> = windows.iter().map(|window| window.to).collect();
    let rows = sqlx::query!(
        r#"SELECT e.room_id AS "room_id: RoomId", e.seq, e.body, e.created_at
           FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS w (room_id, from_seq, to_seq, place)
           JOIN chat.room_events e ON e.room_id = w.room_id AND e.seq BETWEEN w.from_seq AND w.to_seq
           WHERE e.kind = ANY ($4)
           ORDER BY w.place, e.seq
           LIMIT $5"#,
        &rooms as &[RoomId],
        &froms,
        &tos,
        kinds as &[&str],
        limit,
    )
    .fetch_all(db)
    .await?;
    let events = rows.into_iter().map(|row| {
        let entry = RoomEvent::decode(row.body.as_slice())?;
        Ok(stored(
            entry,
            row.room_id,
            row.seq,
            (wire::seq(epoch), row.created_at),
        ))
    });
    events.collect()
}

/// Renders an entry: a message from its row, which may be a tombstone by now; anything else from its stored body.
fn event(row: EntryRow, epoch: u64, viewer: Option<UserId>) -> Result<RoomEvent, Error> {
    let (Some(seq), Some(created_at)) = (row.seq, row.created_at) else {
        return Err(hole());
    };
    if let Some(body) = row.body {
        let body = RoomEvent::decode(body.as_slice())?;
        return Ok(stored(body, row.room_id, seq, (epoch, created_at)));
    }
    let (Some(id), Some(sender_id)) = (row.message_id, row.sender_id) else {
        return Err(hole());
    };
    let message = Message::from(MessageRow {
        id,
        room_id: row.room_id,
        seq,
        sender_id,
        client_id: row.client_id.unwrap_or_default(),
        text: row.text,
        mention_ids: row.mention_ids.unwrap_or_default(),
        reply_to_id: row.reply_to_id,
        reply_to_seq: row.reply_to_seq,
        reply_to_sender_id: row.reply_to_sender_id,
        reply_to_excerpt: row.reply_to_excerpt,
        created_at,
        edited_at: row.edited_at,
        deleted_at: row.deleted_at,
    });
    Ok(wire::message::created(message, epoch, viewer))
}

/// A stored body in the envelope that is not stored with it.
fn stored(body: RoomEvent, room: RoomId, seq: i64, of: (u64, DateTime<Utc>)) -> RoomEvent {
    RoomEvent {
        room_id: room.to_string(),
        seq: wire::seq(seq),
        epoch: of.0,
        time: Some(wire::timestamp(of.1)),
        ..body
    }
}

fn hole() -> Error {
    Error::Inconsistent {
        table: "chat_messages, room_events",
        column: "seq",
    }
}
