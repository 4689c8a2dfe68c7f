//! Pure rules of chat: what a message, a room, a position may be.

pub(crate) mod client_id;
pub(crate) mod coalesce;
pub(crate) mod feed;
pub(crate) mod membership;
pub(crate) mod message;
pub(crate) mod pair;
pub(crate) mod participant;
pub(crate) mod position;
pub(crate) mod role;
pub(crate) mod room;
pub(crate) mod room_view;
pub(crate) mod watch;
