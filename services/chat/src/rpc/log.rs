//! The logs, read from cursors.

use std::collections::HashMap;

use kith_api::chat::v1::{
    Cursors, GetHeadsRequest, GetHeadsResponse, GetRoomEventsRequest, GetRoomEventsResponse,
    GetRoomLogRequest, GetRoomLogResponse, GetUserLogRequest, GetUserLogResponse, Membership,
    RoomHead, SyncRequest, SyncResponse, UserHead,
};
use kith_error::Violation;
use kith_ids::{RoomId, UserId};
use tonic::Request;

use super::convert;
use crate::{
    Error,
    app::{App, get_heads, get_room_events, sync},
    wire,
};

/// Cursors of one sync.
const MAX_CURSORS: usize = 500;
/// Ids of each kind in one question for heads.
const MAX_HEADS: usize = 1_000;

pub(super) async fn get_room_events(
    app: &App,
    request: Request<GetRoomEventsRequest>,
) -> Result<GetRoomEventsResponse, Error> {
    let user = convert::acting_user(&request)?;
    let request = request.into_inner();
    let room = convert::id("room_id", &request.room_id)?;
    let after = convert::seq(request.after_seq);
    let read = get_room_events::get_room_events(app, user, room, after, request.limit).await?;
    Ok(GetRoomEventsResponse {
        events: read.events,
        from_seq: wire::seq(read.from_seq),
        last_seq: wire::seq(read.last_seq),
        epoch: wire::seq(read.epoch),
    })
}

pub(super) async fn sync(app: &App, request: Request<SyncRequest>) -> Result<SyncResponse, Error> {
    let user = convert::acting_user(&request)?;
    let cursors = request.into_inner().cursors.map(cursors).transpose()?;
    let synced = sync::sync(app, user, cursors).await?;
    let cursor_invalid = synced.missed.is_none();
    let missed = synced.missed.unwrap_or_default();
    Ok(SyncResponse {
        epoch: wire::seq(synced.epoch),
        useq: wire::seq(synced.useq),
        memberships: synced.memberships.iter().map(membership).collect(),
        cursor_invalid,
        events: missed.events,
        user_events: missed.user_events,
        too_long: missed.too_long.into_iter().map(room_head).collect(),
        user_too_long: missed.user_too_long,
    })
}

pub(super) async fn get_heads(
    app: &App,
    request: Request<GetHeadsRequest>,
) -> Result<GetHeadsResponse, Error> {
    convert::require_node(&request)?;
    let request = request.into_inner();
    let mut violations = Vec::new();
    for (field, ids) in [
        ("room_ids", &request.room_ids),
        ("user_ids", &request.user_ids),
    ] {
        if ids.len() > MAX_HEADS {
            violations.push(Violation::new(field, "too_many", "at most 1,000"));
        }
    }
    if !violations.is_empty() {
        return Err(Error::Invalid(violations));
    }
    let rooms: Vec<RoomId> = convert::ids("room_ids", &request.room_ids)?;
    let users: Vec<UserId> = convert::ids("user_ids", &request.user_ids)?;
    let heads = get_heads::get_heads(app, &rooms, &users).await?;
    Ok(GetHeadsResponse {
        epoch: wire::seq(heads.epoch),
        rooms: heads.rooms.into_iter().map(room_head).collect(),
        users: heads
            .users
            .into_iter()
            .map(|(user, useq)| UserHead {
                user_id: user.to_string(),
                useq: wire::seq(useq),
            })
            .collect(),
    })
}

pub(super) async fn get_room_log(
    app: &App,
    request: Request<GetRoomLogRequest>,
) -> Result<GetRoomLogResponse, Error> {
    convert::require_node(&request)?;
    let request = request.into_inner();
    let room = convert::id("room_id", &request.room_id)?;
    let after = convert::seq(request.after_seq);
    let read = get_room_events::get_room_log(app, room, after, request.limit).await?;
    Ok(GetRoomLogResponse {
        events: read.events,
        last_seq: wire::seq(read.last_seq),
        epoch: wire::seq(read.epoch),
    })
}

pub(super) async fn get_user_log(
    app: &App,
    request: Request<GetUserLogRequest>,
) -> Result<GetUserLogResponse, Error> {
    convert::require_node(&request)?;
    let request = request.into_inner();
    let user = convert::id("user_id", &request.user_id)?;
    let after = convert::seq(request.after_useq);
    let limit = get_room_events::clamp(request.limit);
    let (events, head) = get_heads::get_user_log(app, user, after, limit).await?;
    Ok(GetUserLogResponse {
        events,
        useq: wire::seq(head),
    })
}

fn cursors(wire: Cursors) -> Result<sync::Cursors, Error> {
    let mut violations = Vec::new();
    if wire.room_seqs.len() > MAX_CURSORS {
        violations.push(Violation::new("rooms", "too_many", "at most 500 rooms"));
    }
    let mut room_seqs = HashMap::with_capacity(wire.room_seqs.len());
    for (room, seq) in wire.room_seqs {
        match room.parse() {
            Ok(id) => {
                room_seqs.insert(id, convert::seq(seq));
            }
            Err(_) => violations.push(convert::bad_id("rooms", &room)),
        }
    }
    if !violations.is_empty() {
        return Err(Error::Invalid(violations));
    }
    Ok(sync::Cursors {
        epoch: wire.epoch,
        useq: convert::seq(wire.useq),
        room_seqs,
    })
}

fn membership(membership: &crate::store::heads::Membership) -> Membership {
    Membership {
        room_id: membership.room_id.to_string(),
        last_seq: wire::seq(membership.last_seq),
        joined_seq: wire::seq(membership.joined_seq),
        participant_count: u32::try_from(membership.participant_count).unwrap_or(0),
    }
}

fn room_head((room, seq): (RoomId, i64)) -> RoomHead {
    RoomHead {
        room_id: room.to_string(),
        last_seq: wire::seq(seq),
    }
}
