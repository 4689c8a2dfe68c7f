//! This node's two streams to chat: the writes of all sockets with their answers, and the subscriptions with what happens in
//! them. Both are opened again whenever they break.

mod pending;
pub(crate) mod send;
pub(crate) mod subscribe;

use std::time::Duration;

pub(super) use self::subscribe::next;

/// Before a broken stream is opened again, growing while chat cannot be reached.
pub(super) const PAUSE: Duration = Duration::from_millis(50);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long the opening of a stream may take.
pub(super) const OPENING: Duration = Duration::from_secs(4);
/// Requests that may lie between our loop and the network: enough to keep it busy, few enough that the rest collects into batches.
pub(super) const IN_FLIGHT: usize = 2;
