//! Rooms' logs: the merge by seq of messages and the other entries. A log has no gaps, so that every seq of a range is
//! found in one of the two tables; one that is not is an inconsistency, never skipped.
//!
//! Both tables are read by ranges of their keys, one look for a stretch (`OFFSET 0` keeps the planner from turning that into a join, for which it takes
//! in all messages there are once they seem fewer than the entries asked for, of which it knows nothing).

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
    seq: i64,
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
    created_at: DateTime<Utc>,
}

/// A row of a read from a cursor on: where the room stands, and an entry if there is one.
struct TailRow {
    epoch: i64,
    from_seq: i64,
    last_seq: i64,
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

impl TailRow {
    fn entry(self, room_id: RoomId) -> Option<EntryRow> {
        Some(EntryRow {
            room_id,
            seq: self.seq?,
            message_id: self.message_id,
            sender_id: self.sender_id,
            client_id: self.client_id,
            text: self.text,
            mention_ids: self.mention_ids,
            reply_to_id: self.reply_to_id,
            reply_to_seq: self.reply_to_seq,
            reply_to_sender_id: self.reply_to_sender_id,
            reply_to_excerpt: self.reply_to_excerpt,
            edited_at: self.edited_at,
            deleted_at: self.deleted_at,
            body: self.body,
            created_at: self.created_at?,
        })
    }
}

/// Reads from a cursor on. Nothing when there is no such room, or no current stay of the one asked for. The stay is
/// judged in the same statement as the entries: read before, it could have ended meanwhile.
#[tracing::instrument(name = "db.log.list_tail", skip_all)]
pub(crate) async fn list_tail(
    db: &mut PgConnection,
    tail: Tail,
    viewer: Option<UserId>,
) -> Result<Option<Read>, Error> {
    let rows = list_tail_rows(db, tail).await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let (from_seq, last_seq, epoch) = (first.from_seq, first.last_seq, first.epoch);
    let mut events = Vec::with_capacity(rows.len());
    let mut expected = from_seq..=last_seq.min(from_seq.saturating_add(tail.limit - 1));
    for entry in rows.into_iter().filter_map(|row| row.entry(tail.room_id)) {
        if expected.next() != Some(entry.seq) {
            return Err(hole());
        }
        events.push(event(entry, wire::seq(epoch), viewer)?);
    }
    if expected.next().is_some() {
        return Err(hole());
    }
    Ok(Some(Read {
        events,
        from_seq,
        last_seq,
        epoch,
    }))
}

async fn list_tail_rows(db: &mut PgConnection, tail: Tail) -> Result<Vec<TailRow>, sqlx::Error> {
    sqlx::query_as!(
        TailRow,
        r#"SELECT bounds.epoch AS "epoch!", bounds.from_seq AS "from_seq!", bounds.last_seq AS "last_seq!", entry.seq AS "seq?",
                  entry.id AS "message_id?: MessageId", entry.sender_id AS "sender_id?: UserId", entry.client_id AS "client_id?",
                  entry.text AS "text?", entry.mention_ids AS "mention_ids?: Vec<UserId>", entry.reply_to_id AS "reply_to_id?: MessageId",
                  entry.reply_to_seq AS "reply_to_seq?", entry.reply_to_sender_id AS "reply_to_sender_id?: UserId",
                  entry.reply_to_excerpt AS "reply_to_excerpt?", entry.edited_at AS "edited_at?", entry.deleted_at AS "deleted_at?",
                  entry.body AS "body?", entry.created_at AS "created_at?"
           FROM (SELECT r.id, r.last_seq, greatest($3::bigint + 1, p.joined_seq, 1) AS from_seq,
                        (SELECT epoch FROM chat.log_state) AS epoch
                 FROM chat.chat_rooms r
                 LEFT JOIN chat.chat_participants p ON p.room_id = r.id AND p.user_id = $2 AND p.left_seq IS NULL
                 WHERE r.id = $1 AND ($2::uuid IS NULL OR p.user_id IS NOT NULL)) bounds
           LEFT JOIN LATERAL (
               SELECT seq, id, sender_id, client_id, text, mention_ids, reply_to_id, reply_to_seq, reply_to_sender_id, reply_to_excerpt,
                      edited_at, deleted_at, NULL::bytea AS body, created_at
               FROM chat.chat_messages
               WHERE room_id = bounds.id AND seq BETWEEN bounds.from_seq AND least(bounds.from_seq + $4::bigint - 1, bounds.last_seq)
               UNION ALL
               SELECT seq, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, body, created_at
               FROM chat.room_events
               WHERE room_id = bounds.id AND seq BETWEEN bounds.from_seq AND least(bounds.from_seq + $4::bigint - 1, bounds.last_seq)
               OFFSET 0) AS entry ON true
           ORDER BY entry.seq"#,
        tail.room_id as RoomId,
        tail.stay_of as Option<UserId>,
        // A cursor near the end of the numbers must not overflow.
        tail.after.min(i64::MAX / 2),
        tail.limit,
    )
    .fetch_all(db)
    .await
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
    let viewers = of
        .iter()
        .flat_map(|(viewer, window)| (window.from..=window.to).map(|_| *viewer));
    let rows = list_rows(db, &windows).await?;
    rows.into_iter()
        .zip(viewers)
        .map(|(row, viewer)| event(row, wire::seq(epoch), Some(viewer)))
        .collect()
}

/// Each seq of each stretch is a row, in their order.
async fn list_rows(db: &mut PgConnection, windows: &[Window]) -> Result<Vec<EntryRow>, Error> {
    let rooms: Vec<RoomId> = windows.iter().map(|window| window.room_id).collect();
    let froms: Vec<i64> = windows.iter().map(|window| window.from).collect();
    let tos: Vec<i64> = windows.iter().map(|window| window.to).collect();
    let rows = sqlx::query_as!(
        EntryRow,
        r#"SELECT w.room_id AS "room_id!: RoomId", entry.seq AS "seq!",
                  entry.id AS "message_id?: MessageId", entry.sender_id AS "sender_id?: UserId", entry.client_id AS "client_id?",
                  entry.text AS "text?", entry.mention_ids AS "mention_ids?: Vec<UserId>", entry.reply_to_id AS "reply_to_id?: MessageId",
                  entry.reply_to_seq AS "reply_to_seq?", entry.reply_to_sender_id AS "reply_to_sender_id?: UserId",
                  entry.reply_to_excerpt AS "reply_to_excerpt?", entry.edited_at AS "edited_at?", entry.deleted_at AS "deleted_at?",
                  entry.body AS "body?", entry.created_at AS "created_at!"
           FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS w (room_id, from_seq, to_seq, place)
           CROSS JOIN LATERAL (
               SELECT seq, id, sender_id, client_id, text, mention_ids, reply_to_id, reply_to_seq, reply_to_sender_id, reply_to_excerpt,
                      edited_at, deleted_at, NULL::bytea AS body, created_at
               FROM chat.chat_messages
               WHERE room_id = w.room_id AND seq BETWEEN w.from_seq AND w.to_seq
               UNION ALL
               SELECT seq, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, body, created_at
               FROM chat.room_events
               WHERE room_id = w.room_id AND seq BETWEEN w.from_seq AND w.to_seq
               OFFSET 0) AS entry
           ORDER BY w.place, entry.seq"#,
        &rooms as &[RoomId],
        &froms,
        &tos,
    )
    .fetch_all(db)
    .await?;
    let asked = windows
        .iter()
        .flat_map(|window| (window.from..=window.to).map(|seq| (window.room_id, seq)));
    if !asked.eq(rows.iter().map(|row| (row.room_id, row.seq))) {
        return Err(hole());
    }
    Ok(rows)
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
    if let Some(body) = row.body {
        let body = RoomEvent::decode(body.as_slice())?;
        return Ok(stored(body, row.room_id, row.seq, (epoch, row.created_at)));
    }
    let (Some(id), Some(sender_id)) = (row.message_id, row.sender_id) else {
        return Err(hole());
    };
    let message = Message::from(MessageRow {
        id,
        room_id: row.room_id,
        seq: row.seq,
        sender_id,
        client_id: row.client_id.unwrap_or_default(),
        text: row.text,
        mention_ids: row.mention_ids.unwrap_or_default(),
        reply_to_id: row.reply_to_id,
        reply_to_seq: row.reply_to_seq,
        reply_to_sender_id: row.reply_to_sender_id,
        reply_to_excerpt: row.reply_to_excerpt,
        created_at: row.created_at,
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

#[cfg(test)]
mod tests;
