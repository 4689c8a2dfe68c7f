//! Sockets as followers of logs.

use std::sync::{Arc, Weak};

use kith_ids::{RoomId, UserId};

use super::{
    Hub, Inner,
    entry::{Effect, Entry},
    log::Receiver,
    typing,
};
use crate::ws::{
    framing::Frame,
    socket::{Socket, Wakes},
};

/// A socket in a room.
#[derive(Debug)]
pub(crate) struct RoomSeat {
    socket: Arc<Socket>,
    room_id: RoomId,
}

/// A socket in its person's log; seats the socket in rooms as the log says.
pub(crate) struct UserSeat {
    socket: Arc<Socket>,
    /// Weak: the hub owns the seat.
    hub: Weak<Inner>,
}

impl RoomSeat {
    pub(super) const fn new(socket: Arc<Socket>, room_id: RoomId) -> Self {
        Self { socket, room_id }
    }

    /// Shows something ephemeral.
    pub(super) fn show(&self, frame: &Frame, wakes: &mut Wakes) {
        // One that does not fit would be stale when it is read.
        let _ = self.socket.push_ephemeral(frame, wakes);
    }
}

impl Receiver for RoomSeat {
    type Context = Wakes;

    fn id(&self) -> u64 {
        self.socket.id
    }

    fn user_id(&self) -> UserId {
        self.socket.user_id
    }

    fn deliver(&self, entry: &Entry, wakes: &mut Wakes) -> bool {
        self.socket
            .push(entry.frame_for(self.socket.user_id), wakes)
    }

    fn fell_behind(&self, wakes: &mut Wakes) {
        self.socket.lose_room(self.room_id, wakes);
    }

    fn ended(&self) {
        self.socket.unfollow(self.room_id);
    }
}

impl UserSeat {
    pub(super) const fn new(socket: Arc<Socket>, hub: Weak<Inner>) -> Self {
        Self { socket, hub }
    }
}

impl Receiver for UserSeat {
    type Context = Wakes;

    fn id(&self) -> u64 {
        self.socket.id
    }

    fn user_id(&self) -> UserId {
        self.socket.user_id
    }

    /// Acts on the entry under the log's lock: entries of one log must take effect in their order. Locks are always taken
    /// person before room.
    fn deliver(&self, entry: &Entry, wakes: &mut Wakes) -> bool {
        if !self.socket.push(&entry.frame, wakes) {
            return false;
        }
        match entry.effect {
            Effect::RoomAdded {
                room_id,
                joined_seq,
            } => {
                if let Some(inner) = self.hub.upgrade() {
                    Hub(inner).begin_stay(&self.socket, room_id, joined_seq);
                }
            }
            Effect::RoomRemoved { room_id, leave_seq } => {
                Hub::end_stay(&self.socket, room_id, leave_seq);
            }
            Effect::Blocked(other) => typing::part(&self.socket, other, wakes),
            Effect::None | Effect::Joined | Effect::Left(_) => {}
        }
        true
    }

    fn fell_behind(&self, wakes: &mut Wakes) {
        self.socket.lose_user(wakes);
    }

    fn ended(&self) {}
}

impl std::fmt::Debug for UserSeat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserSeat")
            .field("socket", &self.socket.id)
            .finish_non_exhaustive()
    }
}
