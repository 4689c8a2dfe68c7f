//! Where a watcher is in each of its rooms: what comes is next, known, or ahead of something that is missing.

use std::collections::HashMap;
use std::hash::Hash;

/// The last seq shown of each room.
#[derive(Debug)]
pub(crate) struct Heads<R>(HashMap<R, i64>);

/// What an entry is to a watcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// To be shown now.
    Next,
    /// Shown before, or of a room that is not watched.
    Known,
    /// Something is missing above this seq.
    Ahead { of: i64 },
}

impl<R: Copy + Eq + Hash> Heads<R> {
    pub(crate) fn new(heads: impl IntoIterator<Item = (R, i64)>) -> Self {
        Self(heads.into_iter().collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn contains(&self, room: R) -> bool {
        self.0.contains_key(&room)
    }

    pub(crate) fn all(&self) -> Vec<R> {
        self.0.keys().copied().collect()
    }

    /// Judges an entry; one that is next moves the head.
    pub(crate) fn see(&mut self, room: R, seq: i64) -> Seen {
        match self.0.get_mut(&room) {
            Some(head) if seq == *head + 1 => {
                *head = seq;
                Seen::Next
            }
            Some(&mut head) if seq > head => Seen::Ahead { of: head },
            Some(_) | None => Seen::Known,
        }
    }

    /// Where the watcher is, if the log goes further.
    pub(crate) fn behind(&self, room: R, head: i64) -> Option<i64> {
        self.0.get(&room).copied().filter(|shown| *shown < head)
    }

    /// Goes on from here.
    pub(crate) fn jump(&mut self, room: R, seq: i64) {
        if let Some(head) = self.0.get_mut(&room) {
            *head = seq;
        }
    }

    pub(crate) fn remove(&mut self, room: R) {
        self.0.remove(&room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_shown_once_and_in_order_and_gaps_are_noticed() {
        let mut heads = Heads::new([(1, 4)]);

        assert_eq!(heads.see(1, 4), Seen::Known);
        assert_eq!(heads.see(1, 5), Seen::Next);
        assert_eq!(heads.see(1, 8), Seen::Ahead { of: 5 });
        assert_eq!(heads.behind(1, 8), Some(5));
        heads.jump(1, 8);
        assert_eq!(heads.see(1, 8), Seen::Known);
        assert_eq!(heads.see(1, 9), Seen::Next);
        assert_eq!(heads.behind(1, 9), None);
    }

    #[test]
    fn a_room_that_is_not_watched_shows_nothing() {
        let mut heads = Heads::new([(1, 4)]);

        heads.remove(1);

        assert_eq!(heads.see(1, 5), Seen::Known);
        assert!(heads.is_empty() && !heads.contains(1));
    }
}
