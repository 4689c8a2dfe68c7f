//! The threads on which everything runs.

use anyhow::Context as _;
use tokio::runtime::Builder;

/// Runs something to its end on so many worker threads; absent, as many as processors that this process may use.
pub(crate) fn block_on<T>(
    worker_threads: Option<usize>,
    task: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let mut builder = Builder::new_multi_thread();
    builder
        .enable_all()
        // Password hashes are capped by accounts and files are few; each further thread would keep memory of its own.
        .max_blocking_threads(16)
        .thread_name("kith");
    if let Some(threads) = worker_threads {
        builder.worker_threads(threads);
    }
    let runtime = builder
        .build()
        .context("the async runtime does not start")?;
    let outcome = runtime.block_on(task);
    // A password hash that nobody waits for any more must not hold up the end.
    runtime.shutdown_background();
    outcome
}
