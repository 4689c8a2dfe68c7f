//! What is to be done because of what happened. Whoever calls the logs carries it out, after all locks are released.

use std::{sync::Arc, time::Duration};

use crate::{RoomSlot, Socket, UserSlot};

/// What is to be done. Making one costs nothing.
#[derive(Debug)]
pub struct Effects<S: Socket> {
    /// Sockets to be woken.
    pub wakes: S::Wakes,
    /// Logs to be read: each is to be given to a [`crate::Filling`] after its patience.
    pub readings: Vec<Wanted<S>>,
    /// Slots whose head is known from now on.
    pub established: Vec<AnySlot<S>>,
    /// The subscription stream has to be told something.
    pub has_changes: bool,
    /// The epoch has changed: all sockets of the node must be closed.
    pub starts_over: bool,
}

/// A log that wants to be read.
#[derive(Debug)]
pub struct Wanted<S: Socket> {
    /// Which.
    pub slot: AnySlot<S>,
    /// How long what is missing may yet come by itself.
    pub patience: Duration,
}

/// A log of either kind.
#[derive(Debug)]
pub enum AnySlot<S: Socket> {
    /// A room's.
    Room(Arc<RoomSlot<S>>),
    /// A person's.
    User(Arc<UserSlot<S>>),
}

impl<S: Socket> AnySlot<S> {
    /// Whether its head is known.
    pub fn is_established(&self) -> bool {
        match self {
            Self::Room(slot) => slot.is_established(),
            Self::User(slot) => slot.is_established(),
        }
    }
}

impl<S: Socket> Clone for AnySlot<S> {
    fn clone(&self) -> Self {
        match self {
            Self::Room(slot) => Self::Room(Arc::clone(slot)),
            Self::User(slot) => Self::User(Arc::clone(slot)),
        }
    }
}

impl<S: Socket> Default for Effects<S> {
    fn default() -> Self {
        Self {
            wakes: S::Wakes::default(),
            readings: Vec::new(),
            established: Vec::new(),
            has_changes: false,
            starts_over: false,
        }
    }
}
