//! What this node keeps beside a log: who waits for its head, and for rooms what is shown there and never stored.

use std::sync::{
    Mutex,
    atomic::{AtomicI64, Ordering},
};

use kith_delivery::Effect;
use kith_ids::UserId;
use tokio::sync::Notify;

use super::{RoomSlot, receipts::RoomReceipts, typing::RoomTyping};
use crate::ws::{framing::Frame, socket::Wakes};

/// What is kept beside a log.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    /// Somebody waits for the head to be known.
    pub(super) established: Notify,
    /// Rooms only: how many participate, as far as this node knows.
    participants: AtomicI64,
    /// Rooms only.
    pub(super) receipts: Mutex<RoomReceipts>,
    /// Rooms only.
    pub(super) typing: RoomTyping,
}

impl Aside {
    /// What chat says of the number of participants.
    pub(super) fn set_participants(&self, count: u32) {
        self.participants.store(i64::from(count), Ordering::Relaxed);
    }

    /// Follows the number of participants.
    pub(super) fn count_participant(&self, effect: Effect) {
        match effect {
            Effect::Joined => self.participants.fetch_add(1, Ordering::Relaxed),
            Effect::Left(_) => self.participants.fetch_sub(1, Ordering::Relaxed),
            _ => 0,
        };
    }

    pub(super) fn participants(&self) -> i64 {
        self.participants.load(Ordering::Relaxed)
    }
}

/// Shows something ephemeral to all that sit in a room but these.
pub(super) fn show(slot: &RoomSlot, frame: &Frame, hidden_from: &[UserId], wakes: &mut Wakes) {
    for seat in slot.lock().receivers() {
        if !hidden_from.contains(&seat.socket().user_id) {
            // One that does not fit would be stale when it is read.
            let _ = seat.socket().push_ephemeral(frame, wakes);
        }
    }
}

/// Shows it to these people only.
pub(super) fn show_to(slot: &RoomSlot, frame: &Frame, users: &[UserId], wakes: &mut Wakes) {
    if users.is_empty() {
        return;
    }
    for seat in slot.lock().receivers() {
        if users.contains(&seat.socket().user_id) {
            let _ = seat.socket().push_ephemeral(frame, wakes);
        }
    }
}
