//! A room as one of its participants sees it.

use chrono::{DateTime, Utc};
use kith_ids::{RoomId, UserId};

use super::{message::Message, participant::Participant, role::Role, room::RoomKind};

/// The room with the viewer's own side of it.
#[derive(Debug, Clone)]
pub(crate) struct RoomView {
    pub(crate) id: RoomId,
    pub(crate) viewer: UserId,
    pub(crate) kind: RoomKind,
    pub(crate) name: Option<String>,
    pub(crate) avatar_url: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) last_seq: i64,
    pub(crate) epoch: i64,
    pub(crate) participant_count: i32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) role: Role,
    pub(crate) joined_seq: i64,
    pub(crate) read_seq: i64,
    pub(crate) unread_count: i64,
    pub(crate) mention_count: i64,
    pub(crate) muted_until: Option<DateTime<Utc>>,
    pub(crate) pinned: bool,
    pub(crate) archived: bool,
    /// The newest message of the viewer's stay.
    pub(crate) last_message: Option<Message>,
    /// The first few by time of joining.
    pub(crate) participants: Vec<Participant>,
}
