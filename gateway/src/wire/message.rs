//! A message and its parts.

use kith_api::chat::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::Time;

/// One message, or its tombstone.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = MessageResponse)]
pub(crate) struct Message {
    /// Names the message.
    pub(crate) id: String,
    pub(crate) room_id: String,
    /// Its place in the room's log.
    pub(crate) seq: u64,
    pub(crate) sender_id: String,
    /// The sender's own name for it; only its sender sees the field at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) client_id: Option<String>,
    /// Empty on a tombstone.
    pub(crate) text: String,
    /// Ids of the participants the text names by `@username`.
    pub(crate) mentions: Vec<String>,
    #[schema(required = true)]
    pub(crate) reply_to: Option<ReplyTo>,
    /// Empty until media exists.
    #[schema(value_type = Vec<Object>)]
    pub(crate) attachments: [(); 0],
    /// Absent in `event` frames, which are the same for every viewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) reactions: Option<Vec<ReactionCount>>,
    pub(crate) created_at: Time,
    #[schema(required = true)]
    pub(crate) edited_at: Option<Time>,
    /// Set on a tombstone.
    #[schema(required = true)]
    pub(crate) deleted_at: Option<Time>,
}

/// What a reply shows of the message it answers.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ReplyTo {
    pub(crate) id: String,
    pub(crate) seq: u64,
    pub(crate) sender_id: String,
    /// At most 120 characters; empty when the message is deleted.
    pub(crate) excerpt: String,
}

/// One emoji under a message.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ReactionCount {
    pub(crate) emoji: String,
    pub(crate) count: u32,
    /// The viewer is one of them.
    pub(crate) me: bool,
}

/// How far a message got with one of the others.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = MessageReceiptResponse)]
pub(crate) struct MessageReceipt {
    pub(crate) user_id: String,
    #[schema(required = true)]
    pub(crate) delivered_at: Option<Time>,
    #[schema(required = true)]
    pub(crate) read_at: Option<Time>,
}

impl Message {
    /// The message as `viewer` (a user id) sees it: with reactions, and with `client_id` if it is theirs.
    pub(crate) fn for_viewer(message: v1::Message, viewer: &str) -> Self {
        let reactions = message.reactions.clone();
        Self {
            reactions: Some(reactions.into_iter().map(Into::into).collect()),
            ..Self::in_event(message, Some(viewer))
        }
    }

    /// The message inside an event: without reactions; `client_id` only if `viewer` is its sender. No viewer: the copy that all others share.
    pub(crate) fn in_event(message: v1::Message, viewer: Option<&str>) -> Self {
        let is_sender = viewer == Some(message.sender_id.as_str());
        Self {
            id: message.message_id,
            room_id: message.room_id,
            seq: message.seq,
            sender_id: message.sender_id,
            client_id: message.client_id.filter(|_| is_sender),
            text: message.text,
            mentions: message.mention_ids,
            reply_to: message.reply_to.map(Into::into),
            attachments: [],
            reactions: None,
            created_at: Time::required(message.create_time),
            edited_at: Time::optional(message.edit_time),
            deleted_at: Time::optional(message.delete_time),
        }
    }
}

impl From<v1::MessageReceipt> for MessageReceipt {
    fn from(receipt: v1::MessageReceipt) -> Self {
        Self {
            user_id: receipt.user_id,
            delivered_at: Time::optional(receipt.delivery_time),
            read_at: Time::optional(receipt.read_time),
        }
    }
}

impl From<v1::ReplyTo> for ReplyTo {
    fn from(reply: v1::ReplyTo) -> Self {
        Self {
            id: reply.message_id,
            seq: reply.seq,
            sender_id: reply.sender_id,
            excerpt: reply.excerpt,
        }
    }
}

impl From<v1::ReactionCount> for ReactionCount {
    fn from(reaction: v1::ReactionCount) -> Self {
        Self {
            emoji: reaction.emoji,
            count: reaction.count,
            me: reaction.me,
        }
    }
}
