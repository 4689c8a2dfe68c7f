//! What the node's long-lived streams to services have in common: each is opened again whenever it breaks, less and less often
//! while it never works.

use std::{future::Future, time::Duration};

use kith_runtime::Shutdown;
use tonic::{Response, Status, Streaming};

/// Before a broken stream is opened again, growing while the service cannot be reached.
pub(in crate::ws) const PAUSE: Duration = Duration::from_millis(50);
pub(in crate::ws) const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long the opening of a stream may take. A service that does not answer at all must not keep the sockets from being told.
const OPENING: Duration = Duration::from_secs(4);

/// The gateway's side of a long-lived stream.
pub(in crate::ws) trait Link: Send {
    /// Opens a stream and works on it until it breaks; tells whether it ever worked.
    fn work(&mut self) -> impl Future<Output = bool> + Send;

    /// Passes the time until the next attempt.
    fn wait(&mut self, pause: Duration) -> impl Future<Output = ()> + Send {
        let _ = self;
        tokio::time::sleep(pause)
    }
}

/// Keeps a stream open until the shutdown.
pub(in crate::ws) async fn keep_open(mut link: impl Link, shutdown: Shutdown) {
    let mut pause = PAUSE;
    loop {
        tokio::select! {
            has_worked = link.work() => {
                if has_worked {
                    pause = PAUSE;
                }
            }
            () = shutdown.signalled() => return,
        }
        tokio::select! {
            () = link.wait(pause.mul_f64(kith_clock::jitter(0.3))) => {}
            () = shutdown.signalled() => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The answering half of a stream that is being opened, or nothing when the service refuses it or stays silent.
pub(in crate::ws) async fn opened<T>(
    stream: &'static str,
    opening: impl Future<Output = Result<Response<Streaming<T>>, Status>>,
) -> Option<Streaming<T>> {
    match tokio::time::timeout(OPENING, opening).await {
        Ok(Ok(response)) => Some(response.into_inner()),
        Ok(Err(status)) => {
            tracing::warn!(stream, code = ?status.code(), "a stream cannot be opened");
            None
        }
        Err(_) => None,
    }
}

/// The next message; the end of the stream is a break like any other.
pub(in crate::ws) async fn next<T>(stream: &mut Streaming<T>) -> Result<T, Status> {
    stream
        .message()
        .await?
        .ok_or_else(|| Status::unavailable("the stream ended"))
}
