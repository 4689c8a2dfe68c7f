//! One entry of a room's log: the `event` frame without its `t`, and an item of the room's event list.

use kith_api::chat::v1::{self, room_event::Body};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Message, Participant, Time, room::RoomKind};

/// A durable event of a room.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = RoomEventResponse)]
pub(crate) struct Event {
    pub(crate) room_id: String,
    /// 1, 2, 3, … without gaps.
    pub(crate) seq: u64,
    /// What happened: `message.created`, `participant.joined`, … Clients skip words they do not know.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) at: Time,
    /// Its shape follows from `type`.
    pub(crate) d: EventBody,
}

/// What an event carries.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = RoomEventBody)]
pub(crate) enum EventBody {
    /// `message.created`, `message.edited`.
    Message(Box<Message>),
    /// `message.deleted`.
    Deleted(MessageDeleted),
    /// `reaction.added`, `reaction.removed`.
    Reaction(Reaction),
    /// `participant.joined`, `participant.left`, `participant.role`.
    Participant(Participant),
    /// `room.created`.
    RoomCreated(RoomCreated),
    /// `room.updated`: what changed, and who changed it.
    RoomUpdated(RoomUpdated),
    /// An event of a newer service, which this gateway cannot show.
    Unknown {},
}

/// A message is a tombstone now.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct MessageDeleted {
    pub(crate) id: String,
}

/// One person's emoji on a message.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Reaction {
    pub(crate) message_id: String,
    pub(crate) user_id: String,
    pub(crate) emoji: String,
}

/// The first event of every room; lists the founders.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct RoomCreated {
    pub(crate) kind: RoomKind,
    #[schema(required = true)]
    pub(crate) name: Option<String>,
    pub(crate) participants: Vec<Participant>,
}

/// What changed about a room.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct RoomUpdated {
    /// Only when it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) name: Option<String>,
    /// Only when it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) avatar_url: Option<String>,
    /// Who changed it.
    pub(crate) actor_id: String,
}

impl Event {
    /// The event as `viewer` (a user id) sees it; without one, the copy that all but a message's sender share.
    pub(crate) fn new(event: v1::RoomEvent, viewer: Option<&str>) -> Self {
        let (kind, d) = body(event.body, viewer);
        Self {
            room_id: event.room_id,
            seq: event.seq,
            kind,
            at: Time::required(event.time),
            d,
        }
    }
}

fn body(body: Option<Body>, viewer: Option<&str>) -> (&'static str, EventBody) {
    let message = |message| EventBody::Message(Box::new(Message::in_event(message, viewer)));
    let participant = |who: v1::Participant| EventBody::Participant(who.into());
    match body {
        Some(Body::MessageCreated(it)) => ("message.created", message(it)),
        Some(Body::MessageEdited(it)) => ("message.edited", message(it)),
        Some(Body::MessageDeleted(it)) => (
            "message.deleted",
            EventBody::Deleted(MessageDeleted { id: it.message_id }),
        ),
        Some(Body::ReactionAdded(it)) => ("reaction.added", EventBody::Reaction(it.into())),
        Some(Body::ReactionRemoved(it)) => ("reaction.removed", EventBody::Reaction(it.into())),
        Some(Body::ParticipantJoined(it)) => ("participant.joined", participant(it)),
        Some(Body::ParticipantLeft(it)) => ("participant.left", participant(it)),
        Some(Body::ParticipantRole(it)) => ("participant.role", participant(it)),
        Some(Body::RoomCreated(it)) => ("room.created", EventBody::RoomCreated(it.into())),
        Some(Body::RoomUpdated(it)) => (
            "room.updated",
            EventBody::RoomUpdated(RoomUpdated {
                name: it.name,
                avatar_url: it.avatar_url,
                actor_id: it.actor_id,
            }),
        ),
        // It keeps its seq: a client that skips it still moves its cursor.
        None => ("unknown", EventBody::Unknown {}),
    }
}

impl From<v1::Reaction> for Reaction {
    fn from(reaction: v1::Reaction) -> Self {
        Self {
            message_id: reaction.message_id,
            user_id: reaction.user_id,
            emoji: reaction.emoji,
        }
    }
}

impl From<v1::RoomCreated> for RoomCreated {
    fn from(created: v1::RoomCreated) -> Self {
        Self {
            kind: created.kind().into(),
            name: created.name,
            participants: created.participants.into_iter().map(Into::into).collect(),
        }
    }
}
