//! Entries of the rooms' logs that are no messages.

use chrono::{DateTime, Utc};
use kith_api::chat::v1::{RoomEvent, room_event::Body};
use kith_ids::RoomId;
use prost::Message as _;
use sqlx::PgConnection;

use super::rooms::LockedRoom;
use crate::wire;

/// The database's time, for entries of a locked room: read it after the lock, so that time never runs against seq.
#[tracing::instrument(name = "db.events.find_time", skip_all)]
pub(crate) async fn find_time(db: &mut PgConnection) -> Result<DateTime<Utc>, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT clock_timestamp() AS "at!""#)
        .fetch_one(db)
        .await
}

/// Appends an entry to the log of a locked room: takes the next seq and moves the room's head and activity. Publish what
/// it gives after the commit.
#[tracing::instrument(name = "db.events.insert", skip_all)]
pub(crate) async fn insert(
    db: &mut PgConnection,
    room: &mut LockedRoom,
    body: Body,
    at: DateTime<Utc>,
) -> Result<RoomEvent, sqlx::Error> {
    let mut events = insert_all(db, room, vec![body], at).await?;
    events.pop().ok_or(sqlx::Error::RowNotFound)
}

/// Appends several entries, in their order.
#[tracing::instrument(name = "db.events.insert_all", skip_all)]
pub(crate) async fn insert_all(
    db: &mut PgConnection,
    room: &mut LockedRoom,
    bodies: Vec<Body>,
    at: DateTime<Utc>,
) -> Result<Vec<RoomEvent>, sqlx::Error> {
    // A clock that was set back must not make the log run back.
    let at = at.max(room.updated_at);
    let kinds: Vec<&str> = bodies.iter().map(kind).collect();
    let mut events: Vec<RoomEvent> = bodies
        .into_iter()
        .map(|body| RoomEvent {
            body: Some(body),
            ..RoomEvent::default()
        })
        .collect();
    // The envelope is not stored: it is in the row's other columns.
    let stored: Vec<Vec<u8>> = events.iter().map(RoomEvent::encode_to_vec).collect();
    let head = sqlx::query_scalar!(
        "WITH entries AS (
             INSERT INTO chat.room_events (room_id, seq, kind, body, created_at)
             SELECT $1, $2 + place, kind, body, $5
             FROM unnest($3::text[], $4::bytea[]) WITH ORDINALITY AS given (kind, body, place))
         UPDATE chat.chat_rooms
         SET last_seq = $2 + cardinality($3::text[]), updated_at = $5
         WHERE id = $1
         RETURNING last_seq",
        room.id as RoomId,
        room.last_seq,
        &kinds as &[&str],
        &stored as &[Vec<u8>],
        at,
    )
    .fetch_one(db)
    .await?;
    for (event, seq) in events.iter_mut().zip(wire::seq(room.last_seq) + 1..) {
        event.room_id = room.id.to_string();
        event.seq = seq;
        event.epoch = wire::seq(room.epoch);
        event.time = Some(wire::timestamp(at));
    }
    room.last_seq = head;
    room.updated_at = at;
    Ok(events)
}

/// The type that clients see, as `kind` of the row.
pub(crate) const fn kind(body: &Body) -> &'static str {
    match body {
        Body::MessageCreated(_) => "message.created",
        Body::MessageEdited(_) => "message.edited",
        Body::MessageDeleted(_) => "message.deleted",
        Body::ReactionAdded(_) => "reaction.added",
        Body::ReactionRemoved(_) => "reaction.removed",
        Body::ParticipantJoined(_) => "participant.joined",
        Body::ParticipantLeft(_) => "participant.left",
        Body::ParticipantRole(_) => "participant.role",
        Body::RoomCreated(_) => "room.created",
        Body::RoomUpdated(_) => "room.updated",
    }
}
