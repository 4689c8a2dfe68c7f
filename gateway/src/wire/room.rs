//! A room as one participant sees it, and who is in it.

use kith_api::chat::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Message, Time, non_empty};

/// A room as the viewer sees it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ChatRoomResponse)]
pub(crate) struct Room {
    pub(crate) id: String,
    pub(crate) kind: RoomKind,
    /// `null` in a direct room.
    #[schema(required = true)]
    pub(crate) name: Option<String>,
    #[schema(required = true)]
    pub(crate) avatar_url: Option<String>,
    /// The id by which another system knows the room.
    #[schema(required = true)]
    pub(crate) external_id: Option<String>,
    /// Seq of the newest event.
    pub(crate) last_seq: u64,
    /// Epoch of the log.
    pub(crate) epoch: u64,
    #[schema(required = true)]
    pub(crate) last_message: Option<Message>,
    /// Others' undeleted messages above my position: exact to 1,000, then 1000.
    pub(crate) unread_count: u32,
    pub(crate) mention_count: u32,
    /// My read position.
    pub(crate) last_read_seq: u64,
    /// My role.
    pub(crate) role: Role,
    /// First seq that I may see.
    pub(crate) joined_seq: u64,
    #[schema(required = true)]
    pub(crate) muted_until: Option<Time>,
    pub(crate) pinned: bool,
    pub(crate) archived: bool,
    pub(crate) participant_count: u32,
    /// The first ten by time of joining.
    pub(crate) participants: Vec<Participant>,
    pub(crate) created_at: Time,
    /// Newest activity.
    pub(crate) updated_at: Time,
}

/// What sort of room it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RoomKind {
    Direct,
    Group,
}

/// What a participant may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    Owner,
    Admin,
    Member,
}

/// Somebody's current stay in a room.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ParticipantResponse)]
pub(crate) struct Participant {
    pub(crate) user: Person,
    pub(crate) role: Role,
    pub(crate) joined_at: Time,
    /// 0 when nothing was read, or when they do not show what they read.
    pub(crate) last_read_seq: u64,
}

/// What a participant list shows of somebody.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Person {
    pub(crate) id: String,
    /// Empty when the account is deleted.
    pub(crate) username: String,
    pub(crate) display_name: String,
    #[schema(required = true)]
    pub(crate) avatar_url: Option<String>,
}

impl Room {
    /// The room as `viewer` (a user id) sees it.
    pub(crate) fn for_viewer(room: v1::Room, viewer: &str) -> Self {
        Self {
            kind: room.kind().into(),
            role: room.role().into(),
            id: room.room_id,
            name: room.name,
            avatar_url: room.avatar_url,
            external_id: room.external_id.and_then(non_empty),
            last_seq: room.last_seq,
            epoch: room.epoch,
            last_message: room
                .last_message
                .map(|message| Message::for_viewer(message, viewer)),
            unread_count: room.unread_count,
            mention_count: room.mention_count,
            last_read_seq: room.last_read_seq,
            joined_seq: room.joined_seq,
            muted_until: Time::optional(room.muted_until),
            pinned: room.pinned,
            archived: room.archived,
            participant_count: room.participant_count,
            participants: room.participants.into_iter().map(Into::into).collect(),
            created_at: Time::required(room.create_time),
            updated_at: Time::required(room.update_time),
        }
    }
}

impl From<v1::RoomKind> for RoomKind {
    fn from(kind: v1::RoomKind) -> Self {
        match kind {
            v1::RoomKind::Direct => Self::Direct,
            v1::RoomKind::Group | v1::RoomKind::Unspecified => Self::Group,
        }
    }
}

impl From<v1::Role> for Role {
    fn from(role: v1::Role) -> Self {
        match role {
            v1::Role::Owner => Self::Owner,
            v1::Role::Admin => Self::Admin,
            v1::Role::Member | v1::Role::Unspecified => Self::Member,
        }
    }
}

impl From<v1::Participant> for Participant {
    fn from(participant: v1::Participant) -> Self {
        let role = participant.role().into();
        Self {
            user: participant.user.unwrap_or_default().into(),
            role,
            joined_at: Time::required(participant.join_time),
            last_read_seq: participant.last_read_seq,
        }
    }
}

impl From<v1::Person> for Person {
    fn from(person: v1::Person) -> Self {
        Self {
            id: person.user_id,
            username: person.username,
            display_name: person.display_name,
            avatar_url: person.avatar_url,
        }
    }
}
