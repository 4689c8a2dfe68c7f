//! From commit to the gateways: this node's streams directly, other nodes' over the bus.

use kith_api::chat::v1::{Receipt, RoomEvent, Typing, UserEvent};
use kith_bus::Bus;
use kith_runtime::Tasks;

/// Hands out what happened. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Fanout {
    _bus: Bus,
}

impl Fanout {
    pub(crate) fn start(bus: Bus, _tasks: &Tasks, _stream_queue: usize) -> Self {
        Self { _bus: bus }
    }

    /// An entry of a room's log was committed. Call in seq order.
    pub(crate) fn publish_room_event(&self, _event: RoomEvent) {}

    /// An entry of a person's log was committed. Call in useq order.
    pub(crate) fn publish_user_event(&self, _event: UserEvent) {}

    /// Somebody's position moved.
    pub(crate) fn publish_receipt(&self, _receipt: Receipt) {}

    /// Somebody writes.
    pub(crate) fn publish_typing(&self, _typing: Typing) {}

    /// The log is another one now.
    pub(crate) fn publish_epoch(&self, _epoch: u64) {}
}
