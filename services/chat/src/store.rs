//! The SQL, one aggregate a file. Functions take the connection first, so that the use case decides about transactions.

pub(crate) mod companions;
pub(crate) mod events;
pub(crate) mod feed;
pub(crate) mod feed_consumers;
pub(crate) mod heads;
pub(crate) mod imports;
pub(crate) mod log;
pub(crate) mod log_state;
pub(crate) mod message_rows;
pub(crate) mod messages;
pub(crate) mod pairs;
pub(crate) mod participants;
pub(crate) mod positions;
pub(crate) mod room_views;
pub(crate) mod rooms;
pub(crate) mod typing;
pub(crate) mod user_log;
pub(crate) mod user_rooms;
pub(crate) mod users;
