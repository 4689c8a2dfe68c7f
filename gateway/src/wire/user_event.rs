//! One entry of a person's own log: the `user` frame without its `t`.

use kith_api::chat::v1::{self, user_event_body::Body};
use serde::Serialize;
use utoipa::ToSchema;

use super::{FriendRequest, Me, Privacy, Room, Time, User};

/// A durable event of a person.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = UserEventResponse)]
pub(crate) struct UserEvent {
    /// Contiguous live, rising when read later.
    pub(crate) useq: u64,
    /// What happened: `room.added`, `friend.requested`, … Clients skip words they do not know.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) at: Time,
    /// Its shape follows from `type`.
    pub(crate) d: UserEventBody,
}

/// What a person's event carries.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum UserEventBody {
    /// `room.added`, `room.settings`.
    Room(Box<Room>),
    /// `room.removed`.
    RoomRemoved(RoomRemoved),
    /// `read.moved`.
    ReadMoved(ReadMoved),
    /// `friend.requested`, `friend.accepted`, `friend.declined`, `friend.cancelled`.
    Request(Box<FriendRequest>),
    /// `friend.removed`, `block.added`, `block.removed`.
    Other(OtherUser),
    /// `profile.updated`.
    Profile(Box<Me>),
    /// `privacy.updated`.
    Privacy(Privacy),
    /// `session.revoked`.
    Session(SessionRevoked),
    /// `contact.joined`.
    Contact(Box<ContactJoined>),
    /// An event of a newer service, which this gateway cannot show.
    Unknown {},
}

/// A stay has ended.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct RoomRemoved {
    pub(crate) room_id: String,
    /// Seq of the leave event; nothing above it is visible.
    pub(crate) leave_seq: u64,
}

/// Where the user now stands in a room.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ReadMoved {
    pub(crate) room_id: String,
    pub(crate) last_read_seq: u64,
    /// Exact to 1,000, then 1000.
    pub(crate) unread_count: u32,
}

/// The other person.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct OtherUser {
    pub(crate) user_id: String,
}

/// An ended session.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct SessionRevoked {
    pub(crate) session_id: String,
}

/// A contact for whom the user waits can be found now.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ContactJoined {
    pub(crate) user: User,
}

impl UserEvent {
    /// The event as its owner sees it; nobody else does.
    pub(crate) fn new(event: v1::UserEvent) -> Self {
        let (kind, d) = body(event.body.and_then(|body| body.body), &event.user_id);
        Self {
            useq: event.useq,
            kind,
            at: Time::required(event.time),
            d,
        }
    }
}

fn body(body: Option<Body>, owner: &str) -> (&'static str, UserEventBody) {
    let room = |room| UserEventBody::Room(Box::new(Room::for_viewer(room, owner)));
    let request = |request| UserEventBody::Request(Box::new(FriendRequest::from(request)));
    let other = |other: v1::OtherUser| {
        UserEventBody::Other(OtherUser {
            user_id: other.user_id,
        })
    };
    match body {
        Some(Body::RoomAdded(it)) => ("room.added", room(it)),
        Some(Body::RoomSettings(it)) => ("room.settings", room(it)),
        Some(Body::RoomRemoved(it)) => ("room.removed", UserEventBody::RoomRemoved(it.into())),
        Some(Body::ReadMoved(it)) => ("read.moved", UserEventBody::ReadMoved(it.into())),
        Some(Body::FriendRequested(it)) => ("friend.requested", request(it)),
        Some(Body::FriendAccepted(it)) => ("friend.accepted", request(it)),
        Some(Body::FriendDeclined(it)) => ("friend.declined", request(it)),
        Some(Body::FriendCancelled(it)) => ("friend.cancelled", request(it)),
        Some(Body::FriendRemoved(it)) => ("friend.removed", other(it)),
        Some(Body::BlockAdded(it)) => ("block.added", other(it)),
        Some(Body::BlockRemoved(it)) => ("block.removed", other(it)),
        Some(Body::ProfileUpdated(it)) => (
            "profile.updated",
            UserEventBody::Profile(Box::new(it.into())),
        ),
        Some(Body::PrivacyUpdated(it)) => ("privacy.updated", UserEventBody::Privacy(it.into())),
        Some(Body::SessionRevoked(it)) => (
            "session.revoked",
            UserEventBody::Session(SessionRevoked {
                session_id: it.session_id,
            }),
        ),
        Some(Body::ContactJoined(it)) => (
            "contact.joined",
            UserEventBody::Contact(Box::new(ContactJoined {
                user: it.user.unwrap_or_default().into(),
            })),
        ),
        // It keeps its useq: a client that skips it still moves its cursor.
        None => ("unknown", UserEventBody::Unknown {}),
    }
}

impl From<v1::RoomRemoved> for RoomRemoved {
    fn from(removed: v1::RoomRemoved) -> Self {
        Self {
            room_id: removed.room_id,
            leave_seq: removed.leave_seq,
        }
    }
}

impl From<v1::ReadMoved> for ReadMoved {
    fn from(moved: v1::ReadMoved) -> Self {
        Self {
            room_id: moved.room_id,
            last_read_seq: moved.last_read_seq,
            unread_count: moved.unread_count,
        }
    }
}
