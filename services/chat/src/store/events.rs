//! Entries of the rooms' logs that are no messages.

use chrono::{DateTime, Utc};
use kith_api::chat::v1::{RoomEvent, room_event::Body};
use kith_ids::RoomId;
use prost::Message as _;
use sqlx::PgConnection;

use super::rooms::LockedRoom;
use crate::wire;

/// The database's time, for entries of a locked room: read it after the lock, so that time never runs against seq.
pub(crate) async fn find_time(db: &mut PgConnection) -> Result<DateTime<Utc>, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT clock_timestamp() AS "at!""#)
        .fetch_one(db)
        .await
}

/// Appends an entry to the log of a locked room: takes the next seq and moves the room's head and activity. Publish what
/// it gives after the commit.
pub(crate) async fn insert(
    db: &mut PgConnection,
    room: &mut LockedRoom,
    body: Body,
    at: DateTime<Utc>,
) -> Result<RoomEvent, sqlx::Error> {
    // A clock that was set back must not make the log run back.
    let at = at.max(room.updated_at);
    let seq = room.last_seq + 1;
    let kind = kind(&body);
    let mut event = RoomEvent {
        body: Some(body),
        ..RoomEvent::default()
    };
    sqlx::query!(
        "WITH entry AS (
             INSERT INTO chat.room_events (room_id, seq, kind, body, created_at)
             VALUES ($1, $2, $3, $4, $5))
         UPDATE chat.chat_rooms
         SET last_seq = $2, updated_at = $5
         WHERE id = $1",
        room.id as RoomId,
        seq,
        kind,
        event.encode_to_vec(),
        at,
    )
    .execute(db)
    .await?;
    room.last_seq = seq;
    room.updated_at = at;
    event.room_id = room.id.to_string();
    event.seq = wire::seq(seq);
    event.epoch = wire::seq(room.epoch);
    event.time = Some(wire::timestamp(at));
    Ok(event)
}

/// The type that clients see, as `kind` of the row.
const fn kind(body: &Body) -> &'static str {
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
