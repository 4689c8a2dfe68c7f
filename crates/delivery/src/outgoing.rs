//! What waits to be written to one socket: bounded, so that a device that does not read costs little and holds up nobody. Says
//! what was lost once there is room to tell it.

use std::collections::VecDeque;

use kith_ids::RoomId;

/// Requests of one socket that may wait for their answer; then it is not read from.
pub const MAX_UNANSWERED: usize = 64;
/// Frames that may wait.
const FRAMES: usize = 4_096;
/// Bytes that may wait.
const BYTES: usize = 1024 * 1024;
/// Above this nothing ephemeral is queued: it would be stale when it is read, and durable frames need the room.
const EPHEMERAL_FRAMES: usize = 512;
/// A queue that has fallen to this is told what it missed.
const DRAINED_FRAMES: usize = 256;
/// The same in bytes.
const DRAINED_BYTES: usize = BYTES / 4;

/// Something with a size.
pub trait Sized {
    /// Bytes.
    fn size(&self) -> usize;
}

/// What waits to be written.
#[derive(Debug)]
pub struct Outgoing<F> {
    queue: VecDeque<F>,
    bytes: usize,
    lost: Lost,
    unanswered: usize,
    limit: usize,
}

/// What a queue lost.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// These rooms are detached.
    pub rooms: Vec<RoomId>,
    /// The person's log is.
    pub user: bool,
}

impl<F: Sized> Outgoing<F> {
    /// The same with another bound on frames.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Queues a durable frame; tells whether there was room.
    pub fn push(&mut self, frame: F) -> bool {
        let fits = self.queue.len() < self.limit && self.bytes + frame.size() <= BYTES;
        if fits {
            self.enqueue(frame);
        }
        fits
    }

    /// Whether something that nobody misses may be queued.
    pub fn takes_ephemeral(&self) -> bool {
        self.queue.len() < EPHEMERAL_FRAMES && self.bytes < DRAINED_BYTES
    }

    /// Queues it, full or not: what answers no request, or is known to be little.
    pub fn enqueue(&mut self, frame: F) {
        self.bytes += frame.size();
        self.queue.push_back(frame);
    }

    /// Queues an answer, full or not: reading stops at a full queue, so there cannot be many.
    pub fn answer(&mut self, frame: F) {
        self.unanswered = self.unanswered.saturating_sub(1);
        self.enqueue(frame);
    }

    /// Counts a request that will be answered.
    pub fn expect_answer(&mut self) {
        self.unanswered += 1;
    }

    /// Requests that wait for their answer.
    pub fn unanswered(&self) -> usize {
        self.unanswered
    }

    /// Whether the client may be listened to.
    pub fn may_read(&self) -> bool {
        self.unanswered < MAX_UNANSWERED && !self.is_full()
    }

    /// A room was detached.
    pub fn lose_room(&mut self, room_id: RoomId) {
        self.lost.rooms.push(room_id);
    }

    /// The person's log was detached.
    pub fn lose_user(&mut self) {
        self.lost.user = true;
    }

    /// Whether the queue is full, or was and the client does not know yet what it lost.
    pub fn has_overflowed(&self) -> bool {
        self.has_lost() || self.is_full()
    }

    /// What was lost, once the queue has room to tell it.
    pub fn take_lost(&mut self) -> Option<Lost> {
        let is_drained = self.queue.len() <= DRAINED_FRAMES.min(self.limit / 4 * 3)
            && self.bytes <= DRAINED_BYTES;
        (self.has_lost() && is_drained).then(|| std::mem::take(&mut self.lost))
    }

    /// Takes the oldest frames out.
    pub fn take(&mut self, count: usize, mut take: impl FnMut(F)) {
        let count = count.min(self.queue.len());
        let mut taken = 0;
        for frame in self.queue.drain(..count) {
            taken += frame.size();
            take(frame);
        }
        self.bytes -= taken;
        if self.queue.is_empty() && self.queue.capacity() > DRAINED_FRAMES {
            self.queue = VecDeque::new();
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Drops what is queued; the client does not read it.
    pub fn discard(&mut self) {
        self.queue = VecDeque::new();
        self.bytes = 0;
    }

    fn is_full(&self) -> bool {
        self.queue.len() >= self.limit || self.bytes >= BYTES
    }

    fn has_lost(&self) -> bool {
        !self.lost.rooms.is_empty() || self.lost.user
    }
}

impl<F> Default for Outgoing<F> {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            bytes: 0,
            lost: Lost::default(),
            unanswered: 0,
            limit: FRAMES,
        }
    }
}
