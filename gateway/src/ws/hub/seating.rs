//! Sockets take their seats in the logs that they follow, and leave them.

use std::sync::Arc;

use kith_api::chat::v1;
use kith_error::Failure;
use kith_ids::RoomId;

use super::{
    Hub, log,
    seats::{RoomSeat, UserSeat},
    slot::{LogKey, Slot},
    slots::Slots,
};
use crate::ws::socket::{Socket, Wakes};

impl Hub {
    /// Seats a socket in its person's log.
    pub(crate) fn join_user(&self, socket: &Arc<Socket>, useq: u64) {
        self.with_open(&self.0.users, socket.user_id, |slot, log, wakes| {
            let seat = UserSeat::new(socket.clone(), Arc::downgrade(&self.0));
            log.join(seat, useq, wakes);
            self.read_if_wanted(slot, log, wakes);
        });
    }

    /// Seats a socket in rooms, each with everything up to its head, and waits until all are followed.
    pub(crate) async fn join_rooms(
        &self,
        socket: &Arc<Socket>,
        memberships: &[v1::Membership],
    ) -> Result<(), Failure> {
        let mut slots = Vec::with_capacity(memberships.len());
        for membership in memberships {
            let Ok(room_id) = membership.room_id.parse() else {
                return Err(Failure::internal());
            };
            self.with_open(&self.0.rooms, room_id, |slot, log, wakes| {
                slot.set_participants(membership.participant_count);
                if socket.follow(room_id, slot, membership.last_seq) {
                    let seat = RoomSeat::new(socket.clone(), room_id);
                    log.join(seat, membership.last_seq, wakes);
                }
                self.read_if_wanted(slot, log, wakes);
                slots.push(slot.clone());
            });
        }
        self.await_established(&slots, &[]).await
    }

    /// Begins a socket's stay in a room: a `room.added` has just been queued.
    pub(super) fn begin_stay(&self, socket: &Arc<Socket>, room_id: RoomId, joined_seq: u64) {
        self.with_open(&self.0.rooms, room_id, |slot, log, wakes| {
            if socket.follow(room_id, slot, joined_seq.saturating_sub(1)) {
                let seat = RoomSeat::new(socket.clone(), room_id);
                log.begin_stay(seat, joined_seq, wakes);
            }
            self.read_if_wanted(slot, log, wakes);
        });
    }

    /// Ends a socket's stay: a `room.removed` has just been queued.
    pub(super) fn end_stay(socket: &Socket, room_id: RoomId, leave_seq: u64) {
        if let Some(slot) = socket.followed(room_id) {
            slot.lock().end_stay(socket.id, leave_seq);
        }
    }

    /// A detached room goes on: the device has fetched everything up to `cursor`.
    pub(crate) fn rejoin_room(&self, socket: &Socket, room_id: RoomId, cursor: u64) {
        if let Some(slot) = socket.followed(room_id) {
            let mut wakes = Wakes::default();
            let mut log = slot.lock();
            log.rejoin(socket.id, Some(cursor), &mut wakes);
            self.read_if_wanted(&slot, &mut log, &mut wakes);
        }
    }

    /// The person's log goes on where it stopped.
    pub(crate) fn rejoin_user(&self, socket: &Socket) {
        if let Some(slot) = self.0.users.find(socket.user_id) {
            let mut wakes = Wakes::default();
            let mut log = slot.lock();
            log.rejoin(socket.id, None, &mut wakes);
            self.read_if_wanted(&slot, &mut log, &mut wakes);
        }
    }

    /// Takes a socket out of everything. The person's log first: it would seat it in further rooms.
    pub(crate) fn leave(&self, socket: &Socket) {
        if let Some(slot) = self.0.users.find(socket.user_id) {
            slot.leave(socket.id);
        }
        for slot in socket.stop_following() {
            slot.leave(socket.id);
        }
    }

    /// Does something with the log of an open slot. A slot that is being given up at this moment is replaced by a new one.
    fn with_open<K: LogKey>(
        &self,
        slots: &Slots<K>,
        key: K,
        act: impl FnOnce(&Arc<Slot<K>>, &mut log::Log<K::Seat>, &mut Wakes),
    ) {
        loop {
            let slot = slots.open(key, &self.0.changes, K::ADD);
            let mut wakes = Wakes::default();
            let mut log = slot.lock();
            if log.is_closed {
                continue;
            }
            act(&slot, &mut log, &mut wakes);
            return;
        }
    }
}
