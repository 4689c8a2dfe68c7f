//! The two durable logs: what happened in a room, and what happened to a person.
//!
//! An event keeps its `type` as text and its body as JSON, because new types are added over time and a device must
//! still move its cursor over them; [`Event::body`] and [`UserEvent::body`] give the known ones as types.

use serde::Deserialize;
use serde_json::Value;

use super::{
    FriendRequest, Me, Message, MessageId, Participant, Privacy, ReadPosition, Room, RoomId, Time,
    UserId,
};

/// One entry of a room's log.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Event {
    /// Which room.
    pub room_id: RoomId,
    /// 1, 2, 3, … without gaps.
    pub seq: u64,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: String,
    /// When.
    pub at: Time,
    /// The body, by `kind`.
    #[serde(rename = "d", default)]
    pub data: Value,
}

/// The bodies of room events that this version knows.
#[derive(Debug, Clone, PartialEq)]
pub enum EventBody {
    /// Something was said.
    MessageCreated(Message),
    /// Something said was changed.
    MessageEdited(Message),
    /// Something said was taken back.
    MessageDeleted(MessageDeleted),
    /// Somebody came.
    ParticipantJoined(Participant),
    /// Somebody went.
    ParticipantLeft(Participant),
    /// Somebody's role changed.
    ParticipantRole(Participant),
    /// The room was opened.
    RoomCreated(RoomCreated),
    /// Something else: skip it, and move the cursor.
    Other,
}

/// Body of `message.deleted`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MessageDeleted {
    /// Which message is a tombstone now.
    pub id: MessageId,
}

/// Body of `room.created`, which is seq 1.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RoomCreated {
    /// `direct` or `group`.
    pub kind: String,
    /// `None` in a direct room.
    pub name: Option<String>,
    /// The founders, who have no join event.
    pub participants: Vec<Participant>,
}

impl Event {
    /// The body as a type. A body of a known type that cannot be read counts as [`EventBody::Other`]: one odd entry
    /// must not stop a room.
    pub fn body(&self) -> EventBody {
        let data = self.data.clone();
        match self.kind.as_str() {
            "message.created" => typed(data, EventBody::MessageCreated),
            "message.edited" => typed(data, EventBody::MessageEdited),
            "message.deleted" => typed(data, EventBody::MessageDeleted),
            "participant.joined" => typed(data, EventBody::ParticipantJoined),
            "participant.left" => typed(data, EventBody::ParticipantLeft),
            "participant.role" => typed(data, EventBody::ParticipantRole),
            "room.created" => typed(data, EventBody::RoomCreated),
            _ => None,
        }
        .unwrap_or(EventBody::Other)
    }

    /// The message, when the event is `message.created`.
    pub fn message(&self) -> Option<Message> {
        match self.body() {
            EventBody::MessageCreated(message) => Some(message),
            _ => None,
        }
    }
}

/// One entry of a person's own log.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct UserEvent {
    /// Contiguous live, rising with holes on resume.
    pub useq: u64,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: String,
    /// When.
    pub at: Time,
    /// The body, by `kind`.
    #[serde(rename = "d", default)]
    pub data: Value,
}

/// The beginning or the end of a stay in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// I am in a room now, and see it from this seq on.
    Added {
        /// Which.
        room: RoomId,
        /// My first entry.
        joined_seq: u64,
    },
    /// I am no longer in it.
    Removed {
        /// Which.
        room: RoomId,
        /// My last entry.
        leave_seq: u64,
    },
}

/// The bodies of user events that this version knows.
#[derive(Debug, Clone, PartialEq)]
pub enum UserEventBody {
    /// I am in a room now.
    RoomAdded(Box<Room>),
    /// I changed how I see a room.
    RoomSettings(Box<Room>),
    /// I am no longer in a room.
    RoomRemoved(RoomRemoved),
    /// I read on, on some device.
    ReadMoved(ReadPosition),
    /// A friend request moved; the type says how.
    FriendRequest(Box<FriendRequest>),
    /// Somebody is no friend any more, or a block came or went; the type says which.
    Person(UserId),
    /// My profile changed.
    ProfileUpdated(Box<Me>),
    /// My privacy settings changed.
    PrivacyUpdated(Privacy),
    /// Something else: skip it, and move the cursor.
    Other,
}

/// Body of `room.removed`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RoomRemoved {
    /// Which room.
    pub room_id: RoomId,
    /// Nothing above it was ever mine to see.
    pub leave_seq: u64,
}

#[derive(Deserialize)]
struct Person {
    user_id: UserId,
}

impl UserEvent {
    /// What the entry begins or ends: all that a device's cursors need to know of it.
    pub fn turn(&self) -> Option<Turn> {
        let id = |name| self.data.get(name)?.as_str()?.parse().ok();
        let seq = |name| self.data.get(name)?.as_u64();
        match self.kind.as_str() {
            "room.added" => Some(Turn::Added {
                room: id("id")?,
                joined_seq: seq("joined_seq")?,
            }),
            "room.removed" => Some(Turn::Removed {
                room: id("room_id")?,
                leave_seq: seq("leave_seq")?,
            }),
            _ => None,
        }
    }

    /// The body as a type; see [`Event::body`] for what becomes of unreadable ones.
    pub fn body(&self) -> UserEventBody {
        let data = self.data.clone();
        match self.kind.as_str() {
            "room.added" => typed(data, |room| UserEventBody::RoomAdded(Box::new(room))),
            "room.settings" => typed(data, |room| UserEventBody::RoomSettings(Box::new(room))),
            "room.removed" => typed(data, UserEventBody::RoomRemoved),
            "read.moved" => typed(data, UserEventBody::ReadMoved),
            "friend.requested" | "friend.accepted" | "friend.declined" | "friend.cancelled" => {
                typed(data, |request| {
                    UserEventBody::FriendRequest(Box::new(request))
                })
            }
            "friend.removed" | "block.added" | "block.removed" => {
                typed(data, |person: Person| UserEventBody::Person(person.user_id))
            }
            "profile.updated" => typed(data, |me| UserEventBody::ProfileUpdated(Box::new(me))),
            "privacy.updated" => typed(data, UserEventBody::PrivacyUpdated),
            _ => None,
        }
        .unwrap_or(UserEventBody::Other)
    }
}

fn typed<T: serde::de::DeserializeOwned, B>(data: Value, wrap: impl FnOnce(T) -> B) -> Option<B> {
    serde_json::from_value(data).ok().map(wrap)
}
