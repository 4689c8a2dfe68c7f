//! Rooms that somebody holds: what is sent there is refused at once, so that the other rooms of the lane do not wait with it.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use kith_ids::RoomId;

use crate::domain::message::Draft;

/// After so long without a look nobody knows whether a room is held.
const REMEMBERED: Duration = Duration::from_secs(10);

/// Those that were held when they were last looked at.
#[derive(Debug, Default)]
pub(super) struct Held(HashMap<RoomId, Instant>);

impl Held {
    /// Those of them that something is to be appended to.
    pub(super) fn among(&self, drafts: &[Draft]) -> HashSet<RoomId> {
        if self.0.is_empty() {
            return HashSet::new();
        }
        let rooms = drafts.iter().map(|draft| draft.room_id);
        rooms.filter(|room| self.0.contains_key(room)).collect()
    }

    /// Of the rooms that were looked at, those are held and the others are not.
    pub(super) fn looked(&mut self, rooms: &[RoomId], held: &[RoomId], now: Instant) {
        self.0
            .retain(|room, seen| !rooms.contains(room) && now - *seen < REMEMBERED);
        self.0.extend(held.iter().map(|room| (*room, now)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_held_until_a_look_finds_it_free_or_nobody_looked_for_long() {
        let clock = kith_clock::Clock::system();
        let [one, other]: [RoomId; 2] = std::array::from_fn(|_| clock.new_id().into());
        let now = Instant::now();
        let mut held = Held::default();

        held.looked(&[one, other], &[one, other], now);
        held.looked(&[other], &[other], now + REMEMBERED / 2);
        assert_eq!(held.0.len(), 2);

        held.looked(&[], &[], now + REMEMBERED);
        assert_eq!(held.0.keys().collect::<Vec<_>>(), [&other]);

        held.looked(&[other], &[], now + REMEMBERED);
        assert!(held.0.is_empty());
    }
}
