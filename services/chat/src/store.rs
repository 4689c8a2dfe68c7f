//! The SQL, one aggregate a file. Functions take the connection first, so that the use case decides about transactions.

pub(crate) mod events;
pub(crate) mod log_state;
pub(crate) mod rooms;
