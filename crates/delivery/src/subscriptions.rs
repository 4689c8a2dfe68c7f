//! What chat is to deliver to this node, over a stream that breaks: tells what was added and removed, in order, and everything
//! again on a new stream. A confirmed addition is compared with chat's heads before the log counts as followed.

use std::collections::VecDeque;

use kith_ids::{RoomId, UserId};

use crate::{Batch, Establishing, Logs, Map, Socket, effects::AnySlot};

/// Changes in one request.
const CHUNK: usize = 1_000;

/// What the subscription stream must be told.
#[derive(Debug)]
pub enum Change<S: Socket> {
    /// Somebody here follows it.
    Add(AnySlot<S>),
    /// Nobody here follows the room any more.
    RemoveRoom(RoomId),
    /// Nobody here is this person any more.
    RemoveUser(UserId),
}

/// One message to chat.
#[derive(Debug, Default)]
pub struct Request {
    /// To be confirmed in the stream, once it is in effect; 0: not to be.
    pub id: u64,
    /// Rooms to hear of.
    pub add_rooms: Vec<RoomId>,
    /// People to hear of.
    pub add_users: Vec<UserId>,
    /// Rooms to hear of no more.
    pub remove_rooms: Vec<RoomId>,
    /// People to hear of no more.
    pub remove_users: Vec<UserId>,
}

/// The node's side of the subscription stream.
#[derive(Debug)]
pub struct Subscriptions<S: Socket> {
    /// Noted and not yet sent.
    waiting: VecDeque<Change<S>>,
    /// Sent and not yet confirmed.
    unconfirmed: Map<u64, Batch<S>>,
    next_id: u64,
    stream: u64,
}

impl<S: Socket> Subscriptions<S> {
    /// A new stream knows nothing of what was subscribed before.
    pub fn begin(&mut self, logs: &Logs<S>) {
        self.stream = logs.begin_stream();
        self.unconfirmed.clear();
        self.waiting.clear();
        drop(logs.take_changes());
        // Read after the changes were dropped: what is noted from now on is newer than this.
        let Batch { rooms, users } = logs.everything();
        let rooms = rooms.into_iter().map(AnySlot::Room);
        let users = users.into_iter().map(AnySlot::User);
        self.waiting.extend(rooms.chain(users).map(Change::Add));
    }

    /// Takes in what changed; tells whether there is something to say.
    pub fn gather(&mut self, logs: &Logs<S>) -> bool {
        self.waiting.append(&mut logs.take_changes());
        !self.waiting.is_empty()
    }

    /// What to say next: as many changes of one kind as come in a row, because within a request there is no order between
    /// adding and removing.
    pub fn next_request(&mut self) -> Option<Request> {
        let is_adding = matches!(self.waiting.front()?, Change::Add(_));
        let count = self
            .waiting
            .iter()
            .take_while(|change| matches!(change, Change::Add(_)) == is_adding)
            .count()
            .min(CHUNK);
        let mut request = Request::default();
        let mut batch = Batch::default();
        for change in self.waiting.drain(..count) {
            match change {
                Change::Add(AnySlot::Room(slot)) => {
                    request.add_rooms.push(slot.key);
                    batch.rooms.push(slot);
                }
                Change::Add(AnySlot::User(slot)) => {
                    request.add_users.push(slot.key);
                    batch.users.push(slot);
                }
                Change::RemoveRoom(room_id) => request.remove_rooms.push(room_id),
                Change::RemoveUser(user_id) => request.remove_users.push(user_id),
            }
        }
        if is_adding {
            request.id = self.next_id;
            self.unconfirmed.insert(self.next_id, batch);
            self.next_id += 1;
        }
        Some(request)
    }

    /// A request is in effect: its logs are to be compared.
    pub fn confirmed(&mut self, request_id: u64) -> Option<Establishing<S>> {
        let batch = self.unconfirmed.remove(&request_id)?;
        Some(Establishing::new(self.stream, &batch))
    }
}

impl<S: Socket> Default for Subscriptions<S> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            unconfirmed: Map::default(),
            next_id: 1,
            stream: 0,
        }
    }
}
