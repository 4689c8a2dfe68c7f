//! Sockets as followers of logs.

use std::sync::{Arc, Weak};

use kith_ids::{RoomId, UserId};

use crate::{
    Effects, Logs, Socket,
    entry::{Effect, Entry as _},
    log::Receiver,
};

/// A socket in a room.
#[derive(Debug)]
pub struct RoomSeat<S> {
    socket: Arc<S>,
    room_id: RoomId,
}

/// A socket in its person's log; seats the socket in rooms as the log says.
pub struct UserSeat<S: Socket> {
    socket: Arc<S>,
    /// Weak: the logs own the seat.
    logs: Weak<Logs<S>>,
}

impl<S> RoomSeat<S> {
    pub(crate) const fn new(socket: Arc<S>, room_id: RoomId) -> Self {
        Self { socket, room_id }
    }

    /// Who sits here.
    pub fn socket(&self) -> &S {
        &self.socket
    }
}

impl<S: Socket> Receiver for RoomSeat<S> {
    type Entry = S::Entry;
    type Context = Effects<S>;

    fn id(&self) -> u64 {
        self.socket.id()
    }

    fn user_id(&self) -> UserId {
        self.socket.user_id()
    }

    fn deliver(&self, entry: &S::Entry, effects: &mut Effects<S>) -> bool {
        self.socket.push(entry, &mut effects.wakes)
    }

    fn fell_behind(&self, effects: &mut Effects<S>) {
        self.socket.lose_room(self.room_id, &mut effects.wakes);
    }

    fn ended(&self) {
        self.socket.following().unfollow(self.room_id);
    }
}

impl<S: Socket> UserSeat<S> {
    pub(crate) const fn new(socket: Arc<S>, logs: Weak<Logs<S>>) -> Self {
        Self { socket, logs }
    }
}

impl<S: Socket> Receiver for UserSeat<S> {
    type Entry = S::Entry;
    type Context = Effects<S>;

    fn id(&self) -> u64 {
        self.socket.id()
    }

    fn user_id(&self) -> UserId {
        self.socket.user_id()
    }

    /// Acts on the entry under the log's lock: entries of one log must take effect in their order. Locks are always taken
    /// person before room.
    fn deliver(&self, entry: &S::Entry, effects: &mut Effects<S>) -> bool {
        if !self.socket.push(entry, &mut effects.wakes) {
            return false;
        }
        match entry.effect() {
            Effect::RoomAdded {
                room_id,
                joined_seq,
            } => {
                if let Some(logs) = self.logs.upgrade() {
                    logs.begin_stay(&self.socket, room_id, joined_seq, effects);
                }
            }
            Effect::RoomRemoved { room_id, leave_seq } => {
                if let Some(slot) = self.socket.following().followed(room_id) {
                    slot.lock().end_stay(self.socket.id(), leave_seq);
                }
            }
            Effect::Blocked(other) => self.socket.blocked(other, &mut effects.wakes),
            Effect::None | Effect::Joined | Effect::Left(_) => {}
        }
        true
    }

    fn fell_behind(&self, effects: &mut Effects<S>) {
        self.socket.lose_user(&mut effects.wakes);
    }

    fn ended(&self) {}
}

impl<S: Socket> std::fmt::Debug for UserSeat<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserSeat")
            .field("socket", &self.socket.id())
            .finish_non_exhaustive()
    }
}
