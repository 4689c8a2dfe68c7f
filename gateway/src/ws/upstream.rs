//! This node's two streams to chat: the writes of all sockets with their answers, and the subscriptions with what happens in
//! them. Both are opened again whenever they break.

mod link;
mod pending;
pub(crate) mod send;
pub(crate) mod subscribe;

pub(super) use self::link::{Link, keep_open, next, opened};

/// Requests that may lie between our loop and the network: enough to keep it busy, few enough that the rest collects into batches.
pub(super) const IN_FLIGHT: usize = 2;
