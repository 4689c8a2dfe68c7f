//! Background loops.

pub(crate) mod flush_positions;
pub(crate) mod watch_epoch;
