//! Background loops.

pub(crate) mod watch_epoch;
