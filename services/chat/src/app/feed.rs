//! What the feed's relay and the consumers' streams of this node share.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{Notify, watch};

use crate::Error;

/// Streams of this node at once; each may hold one answer in memory.
const MAX_STREAMS: usize = 64;

/// Cheap to clone; clones are the same feed.
#[derive(Clone, Default)]
pub(crate) struct Feed(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Where the feed ends, as far as this node knows. Written by the relay.
    head: watch::Sender<i64>,
    /// Something was committed.
    wake: Notify,
    /// Somebody began to listen.
    came: Notify,
    streams: AtomicUsize,
}

/// A stream's place; freed when it is dropped.
pub(crate) struct Place(Feed);

impl Feed {
    /// Something was committed that the feed will hold. Costs nothing worth counting.
    pub(crate) fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// Waits for [`Feed::wake`]; one that came before counts.
    pub(crate) async fn woken(&self) {
        self.0.wake.notified().await;
    }

    /// Waits until somebody begins to listen.
    pub(crate) async fn first_listener(&self) {
        self.0.came.notified().await;
    }

    /// Whether anybody on this node listens.
    pub(crate) fn has_listeners(&self) -> bool {
        self.0.streams.load(Ordering::Relaxed) > 0
    }

    /// A place for one more stream; wakes the relay, which sleeps deeply while nobody listens.
    pub(crate) fn take_place(&self) -> Result<Place, Error> {
        let before = self.0.streams.fetch_add(1, Ordering::Relaxed);
        let place = Place(self.clone());
        if before >= MAX_STREAMS {
            return Err(Error::TooMany(
                "this node serves no more streams of the feed",
            ));
        }
        self.0.came.notify_one();
        Ok(place)
    }

    /// Says where the feed ends.
    pub(crate) fn moved(&self, head: i64) {
        self.0.head.send_if_modified(|known| {
            let moved = *known != head;
            *known = head;
            moved
        });
    }

    /// Follows where the feed ends.
    pub(crate) fn follow(&self) -> watch::Receiver<i64> {
        self.0.head.subscribe()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.streams.fetch_sub(1, Ordering::Relaxed);
    }
}
