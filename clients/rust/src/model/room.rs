//! Rooms, the people in them and what was said.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{MessageId, RoomId, Time, UserBrief, UserId};

/// A room as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Room {
    /// Names the room.
    pub id: RoomId,
    /// `direct` or `group`.
    pub kind: String,
    /// `None` in a direct room: show the other person.
    pub name: Option<String>,
    /// Where its picture is.
    pub avatar_url: Option<String>,
    /// Name given by another system that owns the room.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Head of the room's log.
    pub last_seq: u64,
    /// Epoch of the log.
    pub epoch: u64,
    /// The newest message.
    pub last_message: Option<Message>,
    /// Others' messages above my position; 1000 means "1000 or more".
    pub unread_count: u64,
    /// How many of them name me.
    #[serde(default)]
    pub mention_count: u64,
    /// My position.
    pub last_read_seq: u64,
    /// My role: `owner`, `admin` or `member`.
    pub role: String,
    /// Where my view of the log begins.
    pub joined_seq: u64,
    /// Until when I do not want to be disturbed.
    #[serde(default)]
    pub muted_until: Option<Time>,
    /// Whether I keep it on top.
    #[serde(default)]
    pub pinned: bool,
    /// Whether I put it away.
    #[serde(default)]
    pub archived: bool,
    /// How many are in it.
    pub participant_count: u64,
    /// Up to ten of them.
    pub participants: Vec<Participant>,
    /// When it was opened.
    pub created_at: Time,
    /// When something last happened in it.
    pub updated_at: Time,
}

/// Somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Participant {
    /// Who.
    pub user: UserBrief,
    /// `owner`, `admin` or `member`.
    pub role: String,
    /// Since when.
    pub joined_at: Time,
    /// How far they have read.
    pub last_read_seq: u64,
}

/// Something said.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Message {
    /// Names the message.
    pub id: MessageId,
    /// Where it was said.
    pub room_id: RoomId,
    /// Its place in the room's log.
    pub seq: u64,
    /// Who said it.
    pub sender_id: UserId,
    /// The sender's own name for it; only the sender sees it.
    #[serde(default)]
    pub client_id: Option<String>,
    /// What was said; `None` or empty in a tombstone.
    #[serde(default)]
    pub text: Option<String>,
    /// Whom it names.
    #[serde(default)]
    pub mentions: Vec<Value>,
    /// What it answers.
    #[serde(default)]
    pub reply_to: Option<ReplyPreview>,
    /// Files.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// Emoji; absent from event frames.
    #[serde(default)]
    pub reactions: Vec<Reaction>,
    /// When it was said.
    pub created_at: Time,
    /// When it was last changed.
    #[serde(default)]
    pub edited_at: Option<Time>,
    /// When it was taken back.
    #[serde(default)]
    pub deleted_at: Option<Time>,
}

/// The head of a message that another one answers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReplyPreview {
    /// The message.
    pub id: MessageId,
    /// Its place in the log.
    pub seq: u64,
    /// Who said it.
    pub sender_id: UserId,
    /// Its first words.
    pub excerpt: String,
}

/// A file of a message; its form is kept as the server sends it.
pub type Attachment = Value;

/// One emoji under a message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Reaction {
    /// Which.
    pub emoji: String,
    /// By how many.
    pub count: u64,
    /// Whether I am one of them.
    pub me: bool,
}

/// A stretch of a room's messages, ascending.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct History {
    /// Messages by `seq`.
    pub items: Vec<Message>,
    /// Whether there are older ones.
    pub has_before: bool,
    /// Whether there are newer ones.
    pub has_after: bool,
    /// Head of the room's log.
    pub last_seq: u64,
}

/// My position in a room after it moved.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReadPosition {
    /// Which room.
    pub room_id: RoomId,
    /// Everything up to here is read.
    pub last_read_seq: u64,
    /// What is left.
    pub unread_count: u64,
}

/// Who has got and read a message, and when.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReceiptEntry {
    /// Who.
    pub user_id: Uuid,
    /// When a device of theirs had it.
    pub delivered_at: Option<Time>,
    /// When they had read it.
    pub read_at: Option<Time>,
}
