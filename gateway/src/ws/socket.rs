//! What the rest of the node sees of one open socket: its queue of frames, the orders that its task must follow, and the
//! rooms it sits in. All calls are short and never wait; the socket's own task does the writing.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Waker},
    time::Duration,
};

use bytes::Bytes;
use kith_delivery::{Following, Lost, Outgoing};
use kith_ids::{RoomId, SessionId, UserId};

use super::{
    close::Close,
    frames::{Heads, Standing},
    framing::Frame,
    hub::{self, Aside, entry::Entry},
};

/// An open, authenticated socket.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) id: u64,
    pub(crate) user_id: UserId,
    pub(crate) session_id: SessionId,
    /// The rooms it sits in.
    pub(crate) following: Following<Self>,
    state: Mutex<State>,
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

#[derive(Debug, Default)]
struct State {
    outgoing: Outgoing<Frame>,
    order: Option<Order>,
    type_again: Vec<RoomId>,
    waker: Option<Waker>,
}

impl Socket {
    /// A socket with an empty queue.
    pub(crate) fn new(id: u64, user_id: UserId, session_id: SessionId) -> Self {
        Self {
            id,
            user_id,
            session_id,
            following: Following::default(),
            state: Mutex::default(),
        }
    }

    /// Queues a durable frame; false when the queue is full.
    pub(crate) fn push(&self, frame: &Frame, wakes: &mut Wakes) -> bool {
        let mut state = self.state();
        let fits = state.outgoing.push(frame.clone());
        if fits {
            state.wake(wakes);
        }
        fits
    }

    /// Queues a frame that nobody misses, if there is much room; tells whether it did.
    pub(crate) fn push_ephemeral(&self, frame: &Frame, wakes: &mut Wakes) -> bool {
        let mut state = self.state();
        let fits = state.outgoing.takes_ephemeral();
        if fits {
            state.outgoing.enqueue(frame.clone());
            state.wake(wakes);
        }
        fits
    }

    /// Queues an answer, full or not: reading stops at a full queue, so there cannot be many.
    pub(crate) fn answer(&self, frame: Frame, wakes: &mut Wakes) {
        let mut state = self.state();
        state.outgoing.answer(frame);
        state.wake(wakes);
    }

    /// Queues an answer behind which an event will come that wakes the socket; or [`Self::rouse`] does.
    pub(crate) fn answer_quietly(&self, frame: Frame) {
        self.state().outgoing.answer(frame);
    }

    /// Wakes the socket if something is queued.
    pub(crate) fn rouse(&self, wakes: &mut Wakes) {
        let mut state = self.state();
        if !state.outgoing.is_empty() {
            state.wake(wakes);
        }
    }

    /// Whether an entry of this room is still to come to the socket.
    pub(crate) fn awaits(&self, room_id: RoomId, seq: u64) -> bool {
        let slot = self.following.followed(room_id);
        slot.is_some_and(|slot| slot.head() < seq)
    }

    /// Queues something that answers no request.
    pub(crate) fn say(&self, frame: Frame) {
        let mut wakes = Wakes::default();
        let mut state = self.state();
        state.outgoing.enqueue(frame);
        state.wake(&mut wakes);
    }

    /// Counts a request that will be answered.
    pub(crate) fn expect_answer(&self) {
        self.state().outgoing.expect_answer();
    }

    /// Requests that wait for their answer.
    pub(crate) fn unanswered(&self) -> usize {
        self.state().outgoing.unanswered()
    }

    /// Whether the client may be listened to.
    pub(crate) fn may_read(&self) -> bool {
        self.state().outgoing.may_read()
    }

    /// Whether the queue is full, or was and the client does not know yet what it lost.
    pub(crate) fn has_overflowed(&self) -> bool {
        self.state().outgoing.has_overflowed()
    }

    /// What was lost, once the queue has room to tell it.
    pub(crate) fn take_lost(&self) -> Option<Lost> {
        self.state().outgoing.take_lost()
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
        let take = |frame: Frame| writing.push_back(frame.into_bytes());
        self.state().outgoing.take(count, take);
    }

    /// Leaves the task's waker; tells whether frames wait already.
    pub(crate) fn register(&self, cx: &mut Context<'_>) -> bool {
        let mut state = self.state();
        // Taken when it is woken, so an old one is there only if nothing happened since.
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => state.waker = Some(cx.waker().clone()),
        }
        !state.outgoing.is_empty()
    }

    /// Drops what is queued; the client does not read it.
    pub(crate) fn discard(&self) {
        self.state().outgoing.discard();
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

    /// Heads of the rooms that moved since the last call.
    pub(crate) fn moved_rooms(&self) -> Heads {
        named(self.following.moved())
    }

    /// What `behind` says of these rooms; rooms that it left meanwhile are not named.
    pub(crate) fn standing(&self, rooms: &[RoomId], useq: u64) -> Standing {
        Standing {
            useq,
            rooms: named(self.following.heads(rooms)),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl kith_delivery::Socket for Socket {
    type Entry = Entry;
    type Wakes = Wakes;
    type Aside = Aside;

    fn id(&self) -> u64 {
        self.id
    }

    fn user_id(&self) -> UserId {
        self.user_id
    }

    fn following(&self) -> &Following<Self> {
        &self.following
    }

    fn push(&self, entry: &Entry, wakes: &mut Wakes) -> bool {
        self.push(&entry.frame_for(self.user_id), wakes)
    }

    fn lose_room(&self, room_id: RoomId, wakes: &mut Wakes) {
        metrics::counter!("kith_ws_rooms_detached_total").increment(1);
        let mut state = self.state();
        state.outgoing.lose_room(room_id);
        state.wake(wakes);
    }

    fn lose_user(&self, wakes: &mut Wakes) {
        let mut state = self.state();
        state.outgoing.lose_user();
        state.wake(wakes);
    }

    fn blocked(self: &Arc<Self>, other: UserId, wakes: &mut Wakes) {
        hub::part(self, other, wakes);
    }
}

impl kith_delivery::Sized for Frame {
    fn size(&self) -> usize {
        self.len()
    }
}

fn named(heads: Vec<(RoomId, u64)>) -> Heads {
    heads
        .into_iter()
        .map(|(room_id, head)| (room_id.to_string(), head))
        .collect()
}

impl State {
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
