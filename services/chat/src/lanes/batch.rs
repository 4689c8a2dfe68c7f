//! What goes into one transaction.

use std::collections::{HashMap, hash_map};

use kith_ids::{RoomId, UserId};

use super::{Item, Responder};
use crate::domain::client_id::ClientId;

/// Messages of one transaction: more make it longer without making it cheaper.
pub(super) const MAX_MESSAGES: usize = 256;
/// Text of one transaction.
pub(super) const MAX_BYTES: usize = 1024 * 1024;

/// Sends that will be appended together: no two with the same room, sender and `client_id`.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) leaders: Vec<Item>,
    /// Repeats of a leader, by its place: they get its answer.
    pub(super) followers: Vec<(usize, Responder)>,
    places: HashMap<(RoomId, UserId, ClientId), usize>,
    bytes: usize,
    is_import: bool,
}

impl Batch {
    /// Takes a send, or gives it back for the next batch. Nothing may be taken after a send was given back, or the order of
    /// a room would change.
    pub(super) fn take(&mut self, item: Item) -> Option<Item> {
        if !self.fits(&item) {
            return Some(item);
        }
        let draft = &item.draft;
        let key = (draft.room_id, draft.sender_id, draft.client_id.clone());
        match self.places.entry(key) {
            hash_map::Entry::Vacant(vacant) => {
                vacant.insert(self.leaders.len());
                self.bytes += draft.text.len();
                self.is_import = draft.create_time.is_some();
                self.leaders.push(item);
                None
            }
            hash_map::Entry::Occupied(occupied) => {
                let place = *occupied.get();
                if self.leaders[place].draft.body_hash != draft.body_hash {
                    // Another body: what it is told depends on what becomes of the first one.
                    return Some(item);
                }
                self.followers.push((place, item.responder));
                None
            }
        }
    }

    /// An import goes alone: its time is judged against the newest entry, which others in the batch would move.
    fn fits(&self, item: &Item) -> bool {
        self.leaders.is_empty()
            || (self.leaders.len() + self.followers.len() < MAX_MESSAGES
                && self.bytes + item.draft.text.len() <= MAX_BYTES
                && !self.is_import
                && item.draft.create_time.is_none())
    }
}

#[cfg(test)]
mod tests;
