//! Entries of people's own logs in their proto form. `room.added` and `room.settings` are kept as the room's id alone and
//! rendered when somebody reads them.

use kith_api::chat::v1::{self, user_event_body::Body};
use kith_ids::{RoomId, UserId};
use prost::Message as _;

use super::{room::count, seq};
use crate::store::user_log::NewUserEvent;

/// The type that clients see.
pub(crate) const fn kind(body: &Body) -> &'static str {
    match body {
        Body::RoomAdded(_) => "room.added",
        Body::RoomSettings(_) => "room.settings",
        Body::RoomRemoved(_) => "room.removed",
        Body::ReadMoved(_) => "read.moved",
        Body::FriendRequested(_) => "friend.requested",
        Body::FriendAccepted(_) => "friend.accepted",
        Body::FriendDeclined(_) => "friend.declined",
        Body::FriendCancelled(_) => "friend.cancelled",
        Body::FriendRemoved(_) => "friend.removed",
        Body::BlockAdded(_) => "block.added",
        Body::BlockRemoved(_) => "block.removed",
        Body::ProfileUpdated(_) => "profile.updated",
        Body::PrivacyUpdated(_) => "privacy.updated",
        Body::SessionRevoked(_) => "session.revoked",
        Body::ContactJoined(_) => "contact.joined",
    }
}

/// Whether nobody but chat may say this.
pub(crate) const fn is_chats_own(body: &Body) -> bool {
    matches!(
        body,
        Body::RoomAdded(_) | Body::RoomSettings(_) | Body::RoomRemoved(_) | Body::ReadMoved(_)
    )
}

/// An entry to write, made unique by `source_event_id`.
pub(crate) fn entry(user: UserId, body: Body, source_event_id: String) -> NewUserEvent {
    NewUserEvent {
        user_id: user,
        kind: kind(&body),
        room_id: None,
        body: v1::UserEventBody { body: Some(body) }.encode_to_vec(),
        source_event_id,
    }
}

/// Somebody is in a room from `joined_seq` on.
pub(crate) fn room_added(user: UserId, room: RoomId, joined_seq: i64) -> NewUserEvent {
    let id = format!("room.added:{room}:{joined_seq}");
    of_room(user, room, Body::RoomAdded(only_id(room)), id)
}

/// Somebody keeps a room differently; `id` tells this change from others.
pub(crate) fn room_settings(user: UserId, room: RoomId, id: uuid::Uuid) -> NewUserEvent {
    let id = format!("room.settings:{id}");
    of_room(user, room, Body::RoomSettings(only_id(room)), id)
}

/// Somebody's stay ended at `leave_seq`.
pub(crate) fn room_removed(user: UserId, room: RoomId, leave_seq: i64) -> NewUserEvent {
    let body = Body::RoomRemoved(v1::RoomRemoved {
        room_id: room.to_string(),
        leave_seq: seq(leave_seq),
    });
    let id = format!("room.removed:{room}:{leave_seq}");
    of_room(user, room, body, id)
}

/// Somebody has read up to `read_seq`.
pub(crate) fn read_moved(user: UserId, room: RoomId, read_seq: i64, unread: i64) -> NewUserEvent {
    let body = Body::ReadMoved(v1::ReadMoved {
        room_id: room.to_string(),
        last_read_seq: seq(read_seq),
        unread_count: count(unread),
    });
    let id = format!("read.moved:{room}:{read_seq}");
    of_room(user, room, body, id)
}

fn of_room(user: UserId, room: RoomId, body: Body, source_event_id: String) -> NewUserEvent {
    NewUserEvent {
        room_id: Some(room),
        ..entry(user, body, source_event_id)
    }
}

fn only_id(room: RoomId) -> v1::Room {
    v1::Room {
        room_id: room.to_string(),
        ..v1::Room::default()
    }
}
