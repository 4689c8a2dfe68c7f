//! The deliveries that wait for one gateway stream: bounded, so that a gateway that reads slowly costs memory up to a limit
//! and holds up nobody.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use kith_api::chat::v1::{Delivery, Lagged, delivery::Delivery as Kind};
use tokio::sync::Notify;

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
    deliveries: VecDeque<Arc<Delivery>>,
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

    /// Queues a hint, or notes that it was dropped.
    pub(super) fn put(&self, delivery: Arc<Delivery>) {
        let mut waiting = self.lock();
        if waiting.deliveries.len() >= self.capacity {
            if !waiting.lagged {
                metrics::counter!("kith_chat_streams_lagged_total").increment(1);
            }
            waiting.lagged = true;
            return;
        }
        waiting.deliveries.push_back(delivery);
        self.wake(waiting);
    }

    /// Queues what must not be dropped: confirmations and changes of the epoch. There is one for each request at most.
    pub(crate) fn put_always(&self, delivery: Arc<Delivery>) {
        let mut waiting = self.lock();
        waiting.deliveries.push_back(delivery);
        self.wake(waiting);
    }

    fn wake(&self, waiting: MutexGuard<'_, Waiting>) {
        let was_empty = waiting.deliveries.len() == 1;
        drop(waiting);
        if was_empty {
            self.filled.notify_one();
        }
    }

    /// Waits for deliveries and takes as many as one response holds.
    pub(crate) async fn take(&self) -> Vec<Delivery> {
        loop {
            let taken = self.take_now();
            if !taken.is_empty() {
                return taken;
            }
            self.filled.notified().await;
        }
    }

    fn take_now(&self) -> Vec<Delivery> {
        let mut waiting = self.lock();
        let count = waiting.deliveries.len().min(MAX_RESPONSE);
        let taken: Vec<Arc<Delivery>> = waiting.deliveries.drain(..count).collect();
        // Told behind what was kept, so that the gateway compares heads when it has all of that.
        let tells_lag = waiting.deliveries.is_empty() && std::mem::take(&mut waiting.lagged);
        drop(waiting);
        let mut deliveries: Vec<Delivery> = taken.into_iter().map(Arc::unwrap_or_clone).collect();
        if tells_lag {
            deliveries.push(Delivery {
                delivery: Some(Kind::Lagged(Lagged {})),
            });
        }
        deliveries
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use kith_api::chat::v1::Typing;

    use super::*;

    fn typing(room: usize) -> Arc<Delivery> {
        Arc::new(Delivery {
            delivery: Some(Kind::Typing(Typing {
                room_id: room.to_string(),
                ..Typing::default()
            })),
        })
    }

    #[tokio::test]
    async fn what_does_not_fit_is_told_as_lag_after_what_did() {
        let queue = Queue::new(2);
        for room in 0..3 {
            queue.put(typing(room));
        }

        let taken = queue.take().await;

        assert_eq!(taken.len(), 3);
        assert!(matches!(taken[2].delivery, Some(Kind::Lagged(_))));
        queue.put(typing(3));
        assert_eq!(queue.take().await.len(), 1, "the lag is told once");
    }

    #[tokio::test]
    async fn confirmations_are_never_dropped() {
        let queue = Queue::new(1);
        queue.put(typing(0));

        queue.put_always(typing(1));

        assert_eq!(queue.take().await.len(), 2);
    }
}
