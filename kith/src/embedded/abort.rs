//! Ends the server from outside, without waiting, when the node must go at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use rustix::process::{Pid, Signal};

/// Knows the server's process. Cheap to clone; clones know the same.
#[derive(Debug, Clone, Default)]
pub struct AbortHandle(Arc<AtomicI32>);

impl AbortHandle {
    /// Tells the server to end immediately. What was committed is kept; the next start recovers it.
    pub fn abort(&self) {
        if let Some(pid) = Pid::from_raw(self.0.load(Ordering::Acquire)) {
            let _ = rustix::process::kill_process(pid, Signal::QUIT);
        }
    }

    pub(super) fn follow(&self, pid: Option<Pid>) {
        self.0.store(
            pid.map_or(0, |pid| pid.as_raw_nonzero().get()),
            Ordering::Release,
        );
    }
}
