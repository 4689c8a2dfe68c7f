//! Named tasks and the signal that ends them.

use std::{future::Future, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument as _;

/// The signal that everything should end. Cheap to clone; clones share the signal.
#[derive(Debug, Clone, Default)]
pub struct Shutdown(CancellationToken);

/// The background tasks of a process or a service. Cheap to clone; clones share the tasks.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    shutdown: Shutdown,
    failed: CancellationToken,
}

impl Shutdown {
    /// Not yet signalled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Signals; again is harmless.
    pub fn signal(&self) {
        self.0.cancel();
    }

    /// Whether the signal was given.
    pub fn is_signalled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits for the signal.
    pub async fn signalled(&self) {
        self.0.cancelled().await;
    }

    /// A signal that this one gives too, and that can be given alone.
    pub fn child(&self) -> Self {
        Self(self.0.child_token())
    }
}

impl Tasks {
    /// No tasks yet; they will be told to end by `shutdown`.
    pub fn new(shutdown: Shutdown) -> Self {
        Self {
            shutdown,
            ..Self::default()
        }
    }

    /// The signal that the tasks watch.
    pub const fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    /// Runs a task of which the end before the shutdown means that the process is broken.
    pub fn critical(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let (shutdown, failed) = (self.shutdown.clone(), self.failed.clone());
        self.spawn(name, async move {
            // Ends by a panic too: the guard is dropped either way.
            let _guard = OnEnd {
                name,
                shutdown,
                failed,
            };
            task.await;
        });
    }

    /// Runs a task that ends when it is done: one connection, one job.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that spawns, by name and tracked"
    )]
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let span = tracing::debug_span!("task", task.name = name);
        tokio::spawn(self.tracker.track_future(task.instrument(span)));
    }

    /// Runs a loop that must go on whatever happens: when it ends early it is started again after a pause, 0.1 s growing to 5 s.
    pub fn restarting<F>(&self, name: &'static str, mut start: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let shutdown = self.shutdown.clone();
        self.spawn(name, async move {
            let mut pause = Duration::from_millis(100);
            loop {
                start().await;
                if shutdown.is_signalled() {
                    return;
                }
                tracing::warn!(
                    task.name = name,
                    "a background task ended early and is started again"
                );
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = shutdown.signalled() => return,
                }
                pause = (pause * 2).min(Duration::from_secs(5));
            }
        });
    }

    /// Waits until a critical task has ended early.
    pub async fn failed(&self) {
        self.failed.cancelled().await;
    }

    /// Waits for all tasks, at most `grace`; false when some are still running.
    pub async fn finish(&self, grace: Duration) -> bool {
        self.tracker.close();
        tokio::time::timeout(grace, self.tracker.wait())
            .await
            .is_ok()
    }

    /// Tasks that have not ended.
    pub fn running(&self) -> usize {
        self.tracker.len()
    }
}

struct OnEnd {
    name: &'static str,
    shutdown: Shutdown,
    failed: CancellationToken,
}

impl Drop for OnEnd {
    fn drop(&mut self) {
        if !self.shutdown.is_signalled() {
            tracing::error!(task.name = self.name, "a critical task ended early");
            self.failed.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_critical_task_that_ends_early_is_a_failure() {
        let tasks = Tasks::new(Shutdown::new());

        tasks.critical("short", async {});

        tasks.failed().await;
    }

    #[tokio::test]
    async fn finish_waits_for_tasks_that_heed_the_signal() {
        let shutdown = Shutdown::new();
        let tasks = Tasks::new(shutdown.clone());
        let watched = shutdown.clone();
        tasks.critical("loop", async move { watched.signalled().await });

        shutdown.signal();

        assert!(tasks.finish(Duration::from_secs(5)).await);
        assert_eq!(tasks.running(), 0);
    }
}
