//! What the delivery needs to know of an entry of a log.

use std::{fmt::Debug, time::Instant};

use kith_ids::{RoomId, UserId};

/// An entry of a room's or a person's log, encoded once and shared by all that get it.
pub trait Entry: Debug {
    /// `seq` or `useq`.
    fn seq(&self) -> u64;
    /// Bytes that it holds.
    fn size(&self) -> usize;
    /// What it does to those who get it.
    fn effect(&self) -> Effect;
    /// When this node learned of it; the tail forgets by age.
    fn learned_at(&self) -> Instant;
}

/// What an entry does to the one who gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// Somebody's stay in the room begins.
    Joined,
    /// Ends this person's stay in the room.
    Left(UserId),
    /// Begins a stay in a room.
    RoomAdded {
        /// Which room.
        room_id: RoomId,
        /// Its first entry.
        joined_seq: u64,
    },
    /// A block lies between the person and this one.
    Blocked(UserId),
    /// Ends a stay in a room.
    RoomRemoved {
        /// Which room.
        room_id: RoomId,
        /// Its last entry.
        leave_seq: u64,
    },
}
