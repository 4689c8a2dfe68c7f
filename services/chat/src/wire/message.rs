//! Messages for the wire.

use kith_api::chat::v1;
use kith_ids::UserId;

use crate::{
    domain::message::{Message, ReplyTo},
    wire::{seq, timestamp},
};

/// A message as this viewer may see it: its `client_id` is for its sender. Without a viewer it is for a gateway, which
/// removes the `client_id` itself.
pub(crate) fn message(message: Message, viewer: Option<UserId>) -> v1::Message {
    let shows_client_id = viewer.is_none_or(|viewer| viewer == message.sender_id);
    v1::Message {
        message_id: message.id.to_string(),
        room_id: message.room_id.to_string(),
        seq: seq(message.seq),
        sender_id: message.sender_id.to_string(),
        client_id: shows_client_id.then_some(message.client_id),
        text: message.text.unwrap_or_default(),
        mention_ids: message.mention_ids.into_iter().map(String::from).collect(),
        reply_to: message.reply_to.map(reply_to),
        reactions: Vec::new(),
        create_time: Some(timestamp(message.created_at)),
        edit_time: message.edited_at.map(timestamp),
        delete_time: message.deleted_at.map(timestamp),
    }
}

fn reply_to(reply: ReplyTo) -> v1::ReplyTo {
    v1::ReplyTo {
        message_id: reply.id.to_string(),
        seq: seq(reply.seq),
        sender_id: reply.sender_id.to_string(),
        excerpt: reply.excerpt,
    }
}

/// The log entry that a message is.
pub(crate) fn created(stored: Message, epoch: u64, viewer: Option<UserId>) -> v1::RoomEvent {
    created_from(message(stored, viewer), epoch)
}

/// The same, of a message that is rendered already.
pub(crate) fn created_from(message: v1::Message, epoch: u64) -> v1::RoomEvent {
    v1::RoomEvent {
        room_id: message.room_id.clone(),
        seq: message.seq,
        epoch,
        time: message.create_time,
        body: Some(v1::room_event::Body::MessageCreated(message)),
    }
}
