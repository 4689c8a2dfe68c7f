//! Devices that wait for their answer. Nobody who comes alone waits; while many come, they are gathered for a moment and share a
//! snapshot.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::{Mutex, mpsc, oneshot};

use super::{App, Asked, Synced, sync_all};
use crate::Error;

/// Devices that are answered from one snapshot.
const BATCH: usize = 64;
/// Who comes so soon after others is one of many …
const SOON: Duration = Duration::from_millis(100);
/// … and more of them are waited for.
const GATHERING: Duration = Duration::from_millis(25);
/// Snapshots at once.
const WORKERS: usize = 2;
/// Devices that may wait; more are turned away at once. A gateway has no more than 64 under way.
const WAITING: usize = 1024;

/// Where devices ask.
pub(crate) struct Syncs(mpsc::Sender<Waiting>);

/// Those that have asked.
#[derive(Clone)]
pub(crate) struct Queue(Arc<Mutex<Arrivals>>);

struct Arrivals {
    receiver: mpsc::Receiver<Waiting>,
    /// When the last ones were taken.
    taken: Option<Instant>,
}

struct Waiting {
    asked: Asked,
    answer: oneshot::Sender<Result<Synced, Error>>,
}

impl Syncs {
    /// Both ends.
    pub(crate) fn new() -> (Self, Queue) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let arrivals = Arrivals {
            receiver,
            taken: None,
        };
        (Self(sender), Queue(Arc::new(Mutex::new(arrivals))))
    }

    /// Waits for the answer.
    pub(super) async fn ask(&self, asked: Asked) -> Result<Synced, Error> {
        let (answer, answered) = oneshot::channel();
        self.0
            .try_send(Waiting { asked, answer })
            .map_err(|_| Error::Unavailable("too many devices come back at once"))?;
        answered
            .await
            .map_err(|_| Error::Unavailable("the node is leaving"))?
    }
}

impl Queue {
    /// Answers until the shutdown.
    pub(crate) fn start(&self, app: &Arc<App>) {
        for _ in 0..WORKERS {
            let (queue, app) = (self.clone(), Arc::clone(app));
            let shutdown = app.tasks.shutdown().clone();
            app.tasks.clone().critical("chat.sync", async move {
                loop {
                    let batch = tokio::select! {
                        batch = queue.next() => batch,
                        () = shutdown.signalled() => return,
                    };
                    answer(&app, batch).await;
                }
            });
        }
    }

    /// Takes what waits, at least one.
    async fn next(&self) -> Vec<Waiting> {
        let mut arrivals = self.0.lock().await;
        let mut batch = Vec::new();
        arrivals.receiver.recv_many(&mut batch, BATCH).await;
        if arrivals.taken.is_some_and(|at| at.elapsed() < SOON) {
            tokio::time::sleep(GATHERING).await;
            while batch.len() < BATCH
                && let Ok(waiting) = arrivals.receiver.try_recv()
            {
                batch.push(waiting);
            }
        }
        arrivals.taken = Some(Instant::now());
        batch
    }
}

async fn answer(app: &App, mut batch: Vec<Waiting>) {
    // Whoever gave up has gone, and asks again.
    batch.retain(|waiting| !waiting.answer.is_closed());
    let (asked, answers): (Vec<Asked>, Vec<_>) = batch
        .into_iter()
        .map(|waiting| (waiting.asked, waiting.answer))
        .unzip();
    if asked.is_empty() {
        return;
    }
    metrics::histogram!("kith_chat_sync_batch").record(u32::try_from(asked.len()).unwrap_or(0));
    match sync_all(app, &asked).await {
        Ok(synced) => {
            for (answer, synced) in answers.into_iter().zip(synced) {
                // It may have gone meanwhile.
                let _ = answer.send(Ok(synced));
            }
        }
        // What is wrong with one must not keep the others away.
        Err(error) => {
            tracing::warn!(%error, devices = asked.len(), "devices are answered one by one");
            for (answer, asked) in answers.into_iter().zip(asked) {
                let synced = sync_all(app, std::slice::from_ref(&asked)).await;
                let _ = answer.send(synced.map(|mut synced| synced.pop().unwrap_or_default()));
            }
        }
    }
}
