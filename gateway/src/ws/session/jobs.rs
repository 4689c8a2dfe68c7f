//! Requests of a socket that need more than a stream message: they run one at a time, so that one socket cannot take the
//! database away from the others, nor more memory than one answer.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use kith_ids::RoomId;

use crate::ws::framing::Frame;

/// A request under way.
pub(super) type Job = Pin<Box<dyn Future<Output = Done> + Send>>;

/// What came of it.
pub(super) struct Done {
    /// The answer.
    pub(super) frame: Frame,
    /// What it changes.
    pub(super) outcome: Outcome,
}

/// What an answer changes.
pub(super) enum Outcome {
    Nothing,
    /// The device has everything of a room up to this seq, its head when it was read.
    Fetched {
        room_id: RoomId,
        cursor: u64,
    },
    /// The token is good for so long.
    Renewed(Duration),
}

/// The requests of a socket, in their order.
#[derive(Default)]
pub(super) struct Jobs {
    running: Option<Job>,
    waiting: VecDeque<Job>,
}

impl Jobs {
    /// Adds a request behind the others.
    pub(super) fn add(&mut self, job: Job) {
        self.waiting.push_back(job);
    }

    /// Waits for the next one that is done.
    pub(super) fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<Done> {
        if self.running.is_none() {
            self.running = self.waiting.pop_front();
        }
        let Some(job) = &mut self.running else {
            return Poll::Pending;
        };
        let done = ready!(job.as_mut().poll(cx));
        self.running = None;
        Poll::Ready(done)
    }
}
