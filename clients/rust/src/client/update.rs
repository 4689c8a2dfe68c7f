//! What a device tells, and how it ends.

use crate::{
    model::{Event, Ready, Room, RoomId, ServerFrame, UserEvent},
    outbox::Pending,
    rest::Posted,
    socket::Closed,
};

/// Something that has happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// The first start, or the logs went back: drop what is shown, load the lists, and go on from the heads in here.
    StartOver(Box<Ready>),
    /// The next entry of a room's log.
    Event(Box<Event>),
    /// The next entry of my own log.
    Own(Box<UserEvent>),
    /// So much happened in a room that it is not told one by one: page its messages up to here.
    Skipped {
        /// Which.
        room: RoomId,
        /// Its head.
        last_seq: u64,
    },
    /// A room that was not known, as it is now; its events follow.
    Room(Box<Room>),
    /// So much happened to me that it is not told one by one: load the lists of rooms and friends anew.
    Lists,
    /// Something that was said is stored for good.
    Sent(Box<Posted>),
    /// Something that was said never will be: show it to the person.
    NotSent(Pending),
    /// What is worth something only now: a receipt, typing, presence.
    Passing(ServerFrame),
}

/// Why a device has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It was told to, or nobody holds it any more.
    Stopped,
    /// The server does not want it back: the close code says why.
    Closed(Closed),
    /// The session is over: somebody has to log in.
    LoggedOut,
    /// It cannot store any more, and does not go on without.
    Storage(String),
}
