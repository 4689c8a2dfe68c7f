//! How long work in the database may take before its connection counts as dead. A connection can die without a word: the packets
//! of a host that vanished, or of a proxy that hangs, are missed by nobody, and a statement on it waits for ever. Calls end
//! with their callers' deadlines; everything that runs by itself (relays, pollers, streams) is bounded here.

use std::time::Duration;

/// More than a few statements take: Postgres ends each after 2 s, and a pool gives up after 2 s.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Does the work, or gives it up when it takes longer than `limit`. Its connection is closed then unless it answers soon, and
/// the next try gets another one. What was given up may have been committed.
pub async fn within<T, E: From<sqlx::Error>>(
    limit: Duration,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    if let Ok(outcome) = tokio::time::timeout(limit, work).await {
        return outcome;
    }
    metrics::counter!("kith_postgres_given_up_total").increment(1);
    Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()).into())
}

/// The same for work of a few statements.
pub async fn patiently<T, E: From<sqlx::Error>>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    within(PATIENCE, work).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_is_never_answered_is_given_up_as_an_unanswered_connection() {
        let outcome: sqlx::Result<()> = within(Duration::ZERO, std::future::pending()).await;

        assert!(
            matches!(&outcome, Err(sqlx::Error::Io(error)) if error.kind() == std::io::ErrorKind::TimedOut),
            "{outcome:?}"
        );
    }

    #[tokio::test]
    async fn work_that_ends_in_time_keeps_its_outcome() {
        let outcome: sqlx::Result<u8> = patiently(async { Ok(7) }).await;

        assert!(matches!(outcome, Ok(7)));
    }
}
