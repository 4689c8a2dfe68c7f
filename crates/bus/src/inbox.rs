//! A subscriber's queue: bounded, and honest about what did not fit.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::{Mutex, Notify, mpsc};

use crate::Signal;

/// Signals that a subscriber may be behind; a second of a busy node.
const CAPACITY: usize = 16_384;

/// The subscriber's end.
#[derive(Debug)]
pub(crate) struct Inbox {
    signals: Mutex<mpsc::Receiver<Signal>>,
    interruption: Arc<Interruption>,
}

/// The publisher's end.
#[derive(Debug, Clone)]
pub(crate) struct Outlet {
    signals: mpsc::Sender<Signal>,
    interruption: Arc<Interruption>,
}

#[derive(Debug, Default)]
struct Interruption {
    happened: AtomicBool,
    noticed: Notify,
}

pub(crate) fn channel() -> (Outlet, Inbox) {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    let interruption = Arc::new(Interruption::default());
    let inbox = Inbox {
        signals: Mutex::new(receiver),
        interruption: Arc::clone(&interruption),
    };
    let outlet = Outlet {
        signals: sender,
        interruption,
    };
    (outlet, inbox)
}

impl Outlet {
    /// Queues a signal; one that does not fit becomes an interruption.
    pub(crate) fn put(&self, signal: Signal) {
        if self.signals.try_send(signal).is_err() {
            self.interrupt();
        }
    }

    /// Tells the subscriber that signals may have been lost. Kept beside the queue, so that it fits when nothing else does.
    pub(crate) fn interrupt(&self) {
        self.interruption.happened.store(true, Ordering::Release);
        self.interruption.noticed.notify_one();
    }
}

impl Inbox {
    pub(crate) async fn recv(&self) -> Signal {
        let mut signals = self.signals.lock().await;
        loop {
            if self.interruption.happened.swap(false, Ordering::AcqRel) {
                return Signal::Interrupted;
            }
            tokio::select! {
                // A closed queue has no publisher left; nothing will ever come, and waiting is right.
                Some(signal) = signals.recv() => return signal,
                () = self.interruption.noticed.notified() => {}
            }
        }
    }

    /// What is there already, if anything.
    pub(crate) fn try_recv(&self) -> Option<Signal> {
        if self.interruption.happened.swap(false, Ordering::AcqRel) {
            return Some(Signal::Interrupted);
        }
        // Held by somebody else only while they receive.
        self.signals.try_lock().ok()?.try_recv().ok()
    }
}
