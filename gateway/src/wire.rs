//! The JSON that clients see, as types: one for each shape of the client contract, converted from the protos in one
//! place and used by REST and socket alike. Every field of the contract is always there, `null` when it has no value.
//! No rule lives here.

pub(crate) mod account;
pub(crate) mod event;
pub(crate) mod friend;
pub(crate) mod list;
pub(crate) mod live;
pub(crate) mod message;
pub(crate) mod room;
pub(crate) mod sync;
pub(crate) mod time;
pub(crate) mod user_event;

pub(crate) use account::{Me, Privacy, Session, SessionInfo, User};
pub(crate) use event::Event;
pub(crate) use friend::{BlockedUser, Friend, FriendRequest, Suggestion};
pub(crate) use list::{FriendList, List, MessagePage, RoomEvents};
pub(crate) use live::{Receipt, Typing};
pub(crate) use message::{Message, MessageReceipt};
pub(crate) use room::{Participant, Room};
pub(crate) use sync::{Head, Sync};
pub(crate) use time::Time;
pub(crate) use user_event::UserEvent;

#[cfg(test)]
mod tests;

/// Protobuf has no `null` for text; what is empty there and has no empty value in the contract is `null`.
fn non_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
