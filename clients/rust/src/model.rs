//! What the server says, as types: one to one the objects of the contract. Unknown fields are ignored, unknown words
//! of an open list are kept as text.

mod account;
mod event;
mod frame;
mod friend;
mod room;

pub use account::{Device, Me, Privacy, Session, User, UserBrief};
pub use event::{
    Event, EventBody, MessageDeleted, RoomCreated, RoomRemoved, Turn, UserEvent, UserEventBody,
};
pub use frame::{
    Answer, Behind, Drain, Fetched, Heads, Presence, ReadMoved, Ready, Receipt, Refused, Resumed,
    ServerFrame, TooLong, Typing,
};
pub use friend::{Blocked, Friend, FriendPage, FriendRequest, Suggestion};
pub use room::{
    Attachment, History, Message, Participant, Reaction, ReadPosition, ReceiptEntry, ReplyPreview,
    Room,
};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

/// Names a person.
pub type UserId = Uuid;
/// Names a room.
pub type RoomId = Uuid;
/// Names a message.
pub type MessageId = Uuid;
/// A moment, as the server tells it.
pub type Time = DateTime<Utc>;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Page<T> {
    /// What is on this page.
    pub items: Vec<T>,
    /// Where the next page starts; `None` on the last one.
    #[serde(default)]
    pub next_cursor: Option<String>,
}
