//! This node's streams to chat: the writes of all sockets with their answers, one stream to each chat node, and the subscriptions with what happens in
//! them. All are opened again whenever they break.

mod link;
mod owner;
mod pending;
mod reply;
mod resting;
pub(crate) mod send;
mod streams;
pub(crate) mod subscribe;

use self::link::{LONGEST_PAUSE, PAUSE};
pub(super) use self::link::{Link, keep_open, next, opened};

/// Requests that may lie between our loop and the network: enough to keep it busy, few enough that the rest collects into batches.
pub(super) const IN_FLIGHT: usize = 2;
