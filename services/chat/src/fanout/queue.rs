//! The deliveries that wait for one gateway stream: bounded, so that a gateway that reads slowly costs memory up to a limit
//! and holds up nobody.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use kith_api::chat::v1::{Lagged, delivery::Delivery as Kind};
use tokio::sync::Notify;

use super::encoded;

/// Deliveries of one response; what is larger waits for its turn.
const MAX_RESPONSE: usize = 256;

/// What one stream has yet to be told.
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    filled: Notify,
    capacity: usize,
}

#[derive(Default)]
struct Waiting {
    /// Encoded, and shared with whatever else carries them.
    deliveries: VecDeque<Bytes>,
    /// Something was dropped that the gateway does not know of yet.
    lagged: bool,
}

impl Queue {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            filled: Notify::new(),
            capacity,
        }
    }

    /// Queues a hint, or notes that it was dropped. Wakes nobody: whoever has put everything that came together calls [`Self::wake`].
    pub(super) fn put(&self, delivery: Bytes) {
        let mut waiting = self.lock();
        if waiting.deliveries.len() >= self.capacity {
            if !waiting.lagged {
                metrics::counter!("kith_chat_streams_lagged_total").increment(1);
            }
            waiting.lagged = true;
            return;
        }
        waiting.deliveries.push_back(delivery);
    }

    /// Queues what must not be dropped: confirmations and changes of the epoch. There is one for each request at most.
    pub(crate) fn put_always(&self, delivery: Bytes) {
        self.lock().deliveries.push_back(delivery);
        self.filled.notify_one();
    }

    /// Wakes the stream if something waits for it.
    pub(super) fn wake(&self) {
        let is_empty = self.lock().deliveries.is_empty();
        if !is_empty {
            self.filled.notify_one();
        }
    }

    /// Waits for deliveries and takes as many as one response holds.
    pub(crate) async fn take(&self) -> Vec<Bytes> {
        loop {
            let taken = self.take_now();
            if !taken.is_empty() {
                return taken;
            }
            self.filled.notified().await;
        }
    }

    fn take_now(&self) -> Vec<Bytes> {
        let mut waiting = self.lock();
        let count = waiting.deliveries.len().min(MAX_RESPONSE);
        let mut taken: Vec<Bytes> = waiting.deliveries.drain(..count).collect();
        // Told behind what was kept, so that the gateway compares heads when it has all of that.
        let tells_lag = waiting.deliveries.is_empty() && std::mem::take(&mut waiting.lagged);
        drop(waiting);
        if tells_lag {
            taken.push(encoded(Kind::Lagged(Lagged {})));
        }
        taken
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures::poll;

    use super::*;

    fn hint() -> Bytes {
        Bytes::from_static(b"hint")
    }

    #[tokio::test]
    async fn what_does_not_fit_is_told_as_lag_after_what_did() {
        let queue = Queue::new(2);
        for _ in 0..3 {
            queue.put(hint());
        }
        queue.wake();

        let taken = queue.take().await;

        let lag = encoded(Kind::Lagged(Lagged {}));
        assert_eq!(taken, [hint(), hint(), lag]);
        queue.put(hint());
        assert_eq!(queue.take().await, [hint()], "the lag is told once");
    }

    #[tokio::test]
    async fn a_stream_that_waits_is_woken_once_for_all_that_came_together() {
        let queue = Queue::new(8);
        let mut taking = pin!(queue.take());
        assert!(poll!(&mut taking).is_pending());

        queue.put(hint());
        queue.put(hint());
        assert!(poll!(&mut taking).is_pending(), "there may be more");
        queue.wake();

        assert_eq!(taking.await.len(), 2);
    }

    #[tokio::test]
    async fn confirmations_are_never_dropped() {
        let queue = Queue::new(1);
        queue.put(hint());

        queue.put_always(hint());

        assert_eq!(queue.take().await.len(), 2);
    }
}
