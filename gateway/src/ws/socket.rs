//! What the rest of the node sees of one open socket: its queue of frames, the orders that its task must follow, and the
//! rooms it sits in. All calls are short and never wait; the socket's own task does the writing.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Waker},
    time::Duration,
};

use bytes::Bytes;
use kith_ids::{RoomId, SessionId, UserId};

use super::{
    close::Close,
    frames::{Heads, MAX_UNANSWERED, Standing},
    framing::Frame,
    hub::RoomSlot,
};

/// Frames that may wait in a socket's queue.
const QUEUE_FRAMES: usize = 4_096;
/// Bytes that may wait in a socket's queue.
const QUEUE_BYTES: usize = 1024 * 1024;
/// Above this nothing ephemeral is queued: it would be stale when it is read, and durable frames need the room.
const EPHEMERAL_FRAMES: usize = 512;
/// A queue that has fallen to this is told what it missed.
const DRAINED_FRAMES: usize = 256;
/// The same in bytes.
const DRAINED_BYTES: usize = QUEUE_BYTES / 4;

/// An open, authenticated socket.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) id: u64,
    pub(crate) user_id: UserId,
    pub(crate) session_id: SessionId,
    state: Mutex<State>,
    /// None once the socket is closing: it takes no more seats.
    rooms: Mutex<Option<HashMap<RoomId, Followed>>>,
}

/// Sockets to be woken. They are woken when this is dropped, after everything that came at once has been queued, so that
/// each writes once.
#[derive(Debug, Default)]
pub(crate) struct Wakes(Vec<Waker>);

/// What a socket's task is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// End with this close, after what is queued.
    Close(Close),
    /// Say `drain`, and close after a while.
    Drain {
        resume_after: Duration,
        close_after: Duration,
    },
}

/// What a queue lost.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) rooms: Vec<RoomId>,
    pub(crate) user: bool,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Frame>,
    bytes: usize,
    lost: Lost,
    unanswered: usize,
    order: Option<Order>,
    type_again: Vec<RoomId>,
    waker: Option<Waker>,
}

#[derive(Debug)]
struct Followed {
    slot: Arc<RoomSlot>,
    /// The head that the device was last told.
    told: u64,
}

impl Socket {
    /// A socket with an empty queue.
    pub(crate) fn new(id: u64, user_id: UserId, session_id: SessionId) -> Self {
        Self {
            id,
            user_id,
            session_id,
            state: Mutex::default(),
            rooms: Mutex::new(Some(HashMap::new())),
        }
    }

    /// Queues a durable frame; false when the queue is full.
    pub(crate) fn push(&self, frame: &Frame, wakes: &mut Wakes) -> bool {
        let mut state = self.state();
        if state.queue.len() >= QUEUE_FRAMES || state.bytes + frame.len() > QUEUE_BYTES {
            return false;
        }
        state.enqueue(frame.clone(), wakes);
        true
    }

    /// Queues a frame that nobody misses, if there is much room; tells whether it did.
    pub(crate) fn push_ephemeral(&self, frame: &Frame, wakes: &mut Wakes) -> bool {
        let mut state = self.state();
        let fits = state.queue.len() < EPHEMERAL_FRAMES && state.bytes < DRAINED_BYTES;
        if fits {
            state.enqueue(frame.clone(), wakes);
        }
        fits
    }

    /// Queues an answer, full or not: reading stops at a full queue, so there cannot be many.
    pub(crate) fn answer(&self, frame: Frame, wakes: &mut Wakes) {
        let mut state = self.state();
        state.unanswered = state.unanswered.saturating_sub(1);
        state.enqueue(frame, wakes);
    }

    /// Queues something that answers no request.
    pub(crate) fn say(&self, frame: Frame) {
        self.state().enqueue(frame, &mut Wakes::default());
    }

    /// Counts a request that will be answered.
    pub(crate) fn expect_answer(&self) {
        self.state().unanswered += 1;
    }

    /// Requests that wait for their answer.
    pub(crate) fn unanswered(&self) -> usize {
        self.state().unanswered
    }

    /// Whether the client may be listened to.
    pub(crate) fn may_read(&self) -> bool {
        let state = self.state();
        state.unanswered < MAX_UNANSWERED
            && state.queue.len() < QUEUE_FRAMES
            && state.bytes < QUEUE_BYTES
    }

    /// A room was detached because the queue was full.
    pub(crate) fn lose_room(&self, room_id: RoomId, wakes: &mut Wakes) {
        metrics::counter!("kith_ws_rooms_detached_total").increment(1);
        let mut state = self.state();
        state.lost.rooms.push(room_id);
        state.wake(wakes);
    }

    /// The person's log was detached because the queue was full.
    pub(crate) fn lose_user(&self, wakes: &mut Wakes) {
        let mut state = self.state();
        state.lost.user = true;
        state.wake(wakes);
    }

    /// Whether the queue is full, or was and the client does not know yet what it lost.
    pub(crate) fn has_overflowed(&self) -> bool {
        let state = self.state();
        !state.lost.rooms.is_empty()
            || state.lost.user
            || state.queue.len() >= QUEUE_FRAMES
            || state.bytes >= QUEUE_BYTES
    }

    /// What was lost, once the queue has room to tell it.
    pub(crate) fn take_lost(&self) -> Option<Lost> {
        let mut state = self.state();
        let has_lost = !state.lost.rooms.is_empty() || state.lost.user;
        let is_drained = state.queue.len() <= DRAINED_FRAMES && state.bytes <= DRAINED_BYTES;
        (has_lost && is_drained).then(|| std::mem::take(&mut state.lost))
    }

    /// Orders the socket to end. The first order to close stays.
    pub(crate) fn order(&self, order: Order) {
        let mut wakes = Wakes::default();
        let mut state = self.state();
        if !matches!(state.order, Some(Order::Close(_))) {
            state.order = Some(order);
        }
        state.wake(&mut wakes);
    }

    /// The order, once.
    pub(crate) fn take_order(&self) -> Option<Order> {
        self.state().order.take()
    }

    /// Moves queued frames into `writing`.
    pub(crate) fn take_frames(&self, writing: &mut VecDeque<Bytes>, count: usize) {
        let mut state = self.state();
        let count = count.min(state.queue.len());
        let mut taken = 0;
        for frame in state.queue.drain(..count) {
            taken += frame.len();
            writing.push_back(frame.into_bytes());
        }
        state.bytes -= taken;
        if state.queue.is_empty() && state.queue.capacity() > DRAINED_FRAMES {
            state.queue = VecDeque::new();
        }
    }

    /// Leaves the task's waker; tells whether frames wait already.
    pub(crate) fn register(&self, cx: &mut Context<'_>) -> bool {
        let mut state = self.state();
        // Taken when it is woken, so an old one is there only if nothing happened since.
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => state.waker = Some(cx.waker().clone()),
        }
        !state.queue.is_empty()
    }

    /// Drops what is queued; the client does not read it.
    pub(crate) fn discard(&self) {
        let mut state = self.state();
        state.queue = VecDeque::new();
        state.bytes = 0;
    }

    /// Remembers a room it sits in; false when it takes no more seats.
    pub(crate) fn follow(&self, room_id: RoomId, slot: &Arc<RoomSlot>, told: u64) -> bool {
        let mut rooms = self.rooms();
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
        if let Some(rooms) = self.rooms().as_mut() {
            rooms.remove(&room_id);
        }
    }

    /// The room's slot, if it sits there.
    pub(crate) fn followed(&self, room_id: RoomId) -> Option<Arc<RoomSlot>> {
        Some(self.rooms().as_ref()?.get(&room_id)?.slot.clone())
    }

    /// The rooms it sits in.
    pub(crate) fn followed_rooms(&self) -> Vec<Arc<RoomSlot>> {
        let rooms = self.rooms();
        rooms
            .iter()
            .flatten()
            .map(|(_, followed)| followed.slot.clone())
            .collect()
    }

    /// What was said of writing in a room must be said again: others may see it now than before.
    pub(crate) fn type_again(&self, room_id: RoomId, wakes: &mut Wakes) {
        let mut state = self.state();
        state.type_again.push(room_id);
        state.wake(wakes);
    }

    /// The rooms in which it must be said again, once.
    pub(crate) fn take_type_again(&self) -> Vec<RoomId> {
        std::mem::take(&mut self.state().type_again)
    }

    /// Gives up all rooms, and takes no more.
    pub(crate) fn stop_following(&self) -> Vec<Arc<RoomSlot>> {
        self.rooms()
            .take()
            .into_iter()
            .flatten()
            .map(|(_, followed)| followed.slot)
            .collect()
    }

    /// Heads of the rooms that moved since the last call.
    pub(crate) fn moved_rooms(&self) -> Heads {
        let mut heads = Heads::new();
        for (room_id, followed) in self.rooms().as_mut().into_iter().flatten() {
            let head = followed.slot.head();
            if head > followed.told {
                followed.told = head;
                heads.insert(room_id.to_string(), head);
            }
        }
        heads
    }

    /// What `behind` says of these rooms; rooms that it left meanwhile are not named.
    pub(crate) fn standing(&self, rooms: &[RoomId], useq: u64) -> Standing {
        let heads = rooms
            .iter()
            .filter_map(|room_id| Some((room_id.to_string(), self.followed(*room_id)?.head())))
            .collect();
        Standing { useq, rooms: heads }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rooms(&self) -> std::sync::MutexGuard<'_, Option<HashMap<RoomId, Followed>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn enqueue(&mut self, frame: Frame, wakes: &mut Wakes) {
        self.bytes += frame.len();
        self.queue.push_back(frame);
        self.wake(wakes);
    }

    fn wake(&mut self, wakes: &mut Wakes) {
        wakes.0.extend(self.waker.take());
    }
}

impl Drop for Wakes {
    fn drop(&mut self) {
        for waker in self.0.drain(..) {
            waker.wake();
        }
    }
}
