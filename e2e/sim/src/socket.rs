//! A socket of a gateway: the real queue and the real seats, without a wire.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kith_delivery::{Effect, Following, Lost, Outgoing};
use kith_ids::{RoomId, UserId};
use kith_sdk::model::{Event, Ready, Resumed};

use crate::database::{RoomEvent, UserEvent};

/// One entry as a gateway has it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) frame: Wire,
    pub(crate) seq: u64,
    pub(crate) effect: Effect,
    pub(crate) learned_at: std::time::Instant,
}

/// What goes to a device.
#[derive(Debug, Clone)]
pub(crate) enum Wire {
    Room(Arc<RoomEvent>),
    User(Arc<UserEvent>),
    Ready(Box<Ready>),
    CursorInvalid,
    Resumed(Box<Resumed>),
    Heads {
        useq: u64,
        rooms: Vec<(RoomId, u64)>,
    },
    Behind {
        useq: u64,
        rooms: Vec<(RoomId, u64)>,
    },
    Sent {
        room: usize,
        client_id: String,
        answer: Result<Arc<RoomEvent>, bool>,
    },
    Fetched {
        room: usize,
        answer: Answer<Stretch>,
    },
}

/// What became of a request.
#[derive(Debug, Clone)]
pub(crate) enum Answer<T> {
    Good(T),
    /// The same may succeed later.
    Failed,
    Refused,
}

/// A stretch of a room's log.
#[derive(Debug, Clone)]
pub(crate) struct Stretch {
    pub(crate) events: Vec<Arc<RoomEvent>>,
    pub(crate) from_seq: u64,
    pub(crate) last_seq: u64,
}

/// A socket.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) id: u64,
    pub(crate) user: usize,
    pub(crate) user_id: UserId,
    following: Following<Self>,
    outgoing: Mutex<Outgoing<Wire>>,
    /// Tells nobody what did not fit.
    is_silent: bool,
}

impl Socket {
    pub(crate) fn new(id: u64, user: usize, limit: usize, is_silent: bool) -> Self {
        Self {
            id,
            user,
            user_id: crate::database::user_id(user),
            following: Following::default(),
            outgoing: Mutex::new(Outgoing::with_limit(limit)),
            is_silent,
        }
    }

    pub(crate) fn outgoing(&self) -> MutexGuard<'_, Outgoing<Wire>> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take_lost(&self) -> Option<Lost> {
        self.outgoing().take_lost()
    }
}

impl kith_delivery::Socket for Socket {
    type Entry = Entry;
    type Wakes = Vec<u64>;
    type Aside = ();

    fn id(&self) -> u64 {
        self.id
    }

    fn user_id(&self) -> UserId {
        self.user_id
    }

    fn following(&self) -> &Following<Self> {
        &self.following
    }

    fn push(&self, entry: &Entry, wakes: &mut Vec<u64>) -> bool {
        wakes.push(self.id);
        self.outgoing().push(entry.frame.clone()) || self.is_silent
    }

    fn lose_room(&self, room_id: RoomId, wakes: &mut Vec<u64>) {
        wakes.push(self.id);
        self.outgoing().lose_room(room_id);
    }

    fn lose_user(&self, wakes: &mut Vec<u64>) {
        wakes.push(self.id);
        self.outgoing().lose_user();
    }

    fn blocked(self: &Arc<Self>, _: UserId, _: &mut Vec<u64>) {}
}

impl kith_delivery::Entry for Entry {
    fn seq(&self) -> u64 {
        self.seq
    }

    fn size(&self) -> usize {
        100
    }

    fn effect(&self) -> Effect {
        self.effect
    }

    fn learned_at(&self) -> std::time::Instant {
        self.learned_at
    }
}

impl kith_delivery::Sized for Wire {
    fn size(&self) -> usize {
        100
    }
}

/// An entry as the device's kit reads it.
pub(crate) fn event(event: &RoomEvent, viewer: usize) -> Event {
    use crate::database::{Body, room_id};
    let (kind, data) = match &event.body {
        Body::Message { sender, client_id } if *sender == viewer => (
            "message.created",
            serde_json::json!({ "client_id": client_id }),
        ),
        Body::Message { .. } => ("message.created", serde_json::Value::Null),
        Body::Joined(_) => ("participant.joined", serde_json::Value::Null),
        Body::Left(_) => ("participant.left", serde_json::Value::Null),
    };
    Event {
        room_id: room_id(event.room).into(),
        seq: event.seq,
        kind: kind.to_owned(),
        at: moment(event.mark),
        data,
    }
}

/// The mark of an entry travels as its time.
pub(crate) fn moment(mark: u64) -> kith_sdk::model::Time {
    chrono::DateTime::from_timestamp_micros(i64::try_from(mark).unwrap_or(0)).unwrap_or_default()
}

pub(crate) fn mark(at: kith_sdk::model::Time) -> u64 {
    u64::try_from(at.timestamp_micros()).unwrap_or(u64::MAX)
}
