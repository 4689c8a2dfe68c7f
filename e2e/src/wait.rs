//! Waiting for conditions.

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

/// How long a condition may take on a busy machine, unless the contract gives it less.
pub const DEADLINE: Duration = Duration::from_secs(15);

const POLL: Duration = Duration::from_millis(20);

/// Asks again and again until the answer is `Some`; panics past the deadline.
pub async fn eventually<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(DEADLINE, what, ask).await
}

/// The same with a deadline of its own.
pub async fn eventually_within<T>(
    deadline: Duration,
    what: &str,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(
            start.elapsed() < deadline,
            "not within {deadline:?}: {what}"
        );
        tokio::time::sleep(POLL).await;
    }
}

/// Awaits a future; panics past the deadline.
pub async fn within<T>(deadline: Duration, what: &str, future: impl Future<Output = T>) -> T {
    let Ok(value) = tokio::time::timeout(deadline, future).await else {
        panic!("not within {deadline:?}: {what}");
    };
    value
}

/// Runs something beside the test; whoever needs its result awaits the handle.
#[expect(
    clippy::disallowed_methods,
    reason = "tests have no task group of a server"
)]
pub fn background<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    tokio::spawn(future)
}
