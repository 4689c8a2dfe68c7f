//! The rooms that one socket sits in, and what its device was last told of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kith_ids::RoomId;

use crate::{Map, RoomSlot, Socket};

/// The rooms that one socket sits in.
#[derive(Debug)]
pub struct Following<S: Socket> {
    /// None once the socket is closing: it takes no more seats.
    rooms: Mutex<Option<Map<RoomId, Followed<S>>>>,
}

#[derive(Debug)]
struct Followed<S: Socket> {
    slot: Arc<RoomSlot<S>>,
    /// The head that the device was last told.
    told: u64,
}

impl<S: Socket> Following<S> {
    /// Remembers a room it sits in; false when it takes no more seats.
    pub(crate) fn follow(&self, room_id: RoomId, slot: &Arc<RoomSlot<S>>, told: u64) -> bool {
        let mut rooms = self.lock();
        let Some(rooms) = rooms.as_mut() else {
            return false;
        };
        rooms.insert(
            room_id,
            Followed {
                slot: slot.clone(),
                told,
            },
        );
        true
    }

    /// Forgets a room.
    pub(crate) fn unfollow(&self, room_id: RoomId) {
        if let Some(rooms) = self.lock().as_mut() {
            rooms.remove(&room_id);
        }
    }

    /// The room's slot, if it sits there.
    pub fn followed(&self, room_id: RoomId) -> Option<Arc<RoomSlot<S>>> {
        Some(self.lock().as_ref()?.get(&room_id)?.slot.clone())
    }

    /// The rooms it sits in.
    pub fn rooms(&self) -> Vec<Arc<RoomSlot<S>>> {
        let rooms = self.lock();
        rooms
            .iter()
            .flatten()
            .map(|(_, followed)| followed.slot.clone())
            .collect()
    }

    /// Gives up all rooms, and takes no more.
    pub(crate) fn stop(&self) -> Vec<Arc<RoomSlot<S>>> {
        self.lock()
            .take()
            .into_iter()
            .flatten()
            .map(|(_, followed)| followed.slot)
            .collect()
    }

    /// Heads of the rooms that moved since the last call.
    pub fn moved(&self) -> Vec<(RoomId, u64)> {
        let mut moved = Vec::new();
        for (room_id, followed) in self.lock().as_mut().into_iter().flatten() {
            let head = followed.slot.head();
            if head > followed.told {
                followed.told = head;
                moved.push((*room_id, head));
            }
        }
        moved
    }

    /// Heads of these rooms; rooms that it left meanwhile are not named.
    pub fn heads(&self, rooms: &[RoomId]) -> Vec<(RoomId, u64)> {
        rooms
            .iter()
            .filter_map(|room_id| Some((*room_id, self.followed(*room_id)?.head())))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Map<RoomId, Followed<S>>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Socket> Default for Following<S> {
    fn default() -> Self {
        Self {
            rooms: Mutex::new(Some(Map::default())),
        }
    }
}
