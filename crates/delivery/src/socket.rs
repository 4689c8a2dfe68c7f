//! A socket as the logs see it.

use std::{fmt::Debug, sync::Arc};

use kith_ids::{RoomId, UserId};

use crate::{Entry, Following};

/// An open, authenticated socket. Calls are made under locks of logs: they are short and never wait.
pub trait Socket: Debug + Send + Sync + std::marker::Sized + 'static {
    /// What logs consist of.
    type Entry: Entry + Send + Sync + 'static;
    /// Sockets to be woken once everything is queued.
    type Wakes: Default + Debug;
    /// What the node keeps beside a log.
    type Aside: Default + Debug + Send + Sync;

    /// Names the socket on this node.
    fn id(&self) -> u64;
    /// The person.
    fn user_id(&self) -> UserId;
    /// The rooms it sits in.
    fn following(&self) -> &Following<Self>;
    /// Queues an entry; false when the queue is full.
    fn push(&self, entry: &Self::Entry, wakes: &mut Self::Wakes) -> bool;
    /// A room was detached because the queue was full, or because too much is missing.
    fn lose_room(&self, room_id: RoomId, wakes: &mut Self::Wakes);
    /// The person's log was detached because the queue was full.
    fn lose_user(&self, wakes: &mut Self::Wakes);
    /// A block lies between its person and somebody.
    fn blocked(self: &Arc<Self>, other: UserId, wakes: &mut Self::Wakes);
}
