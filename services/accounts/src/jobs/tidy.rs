//! Forgets what no longer matters: expired sessions, answered attempts, old revocations and failure windows, retired keys, undeliverable news.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;

use crate::{
    app::App,
    config::{MAX_ACCESS_TOKEN_LIFETIME, delta},
    store::{login_failures, outbox, refresh_attempts, revocations, sessions, signing_keys},
};

/// Rows of one statement: after a flood of guesses there are many, and a statement may take 2 s at most.
const BATCH: i64 = 5_000;
/// A statement that deleted this many may have left more.
const FULL: u64 = BATCH.unsigned_abs();
/// What is not done by then is done the next time.
const LONGEST: Duration = Duration::from_mins(1);
/// News older than this are not told any more: whoever missed them asks for the users it meets.
const NEWS_LIFETIME: TimeDelta = TimeDelta::days(7);

/// Until the shutdown.
pub(super) async fn run(app: Arc<App>) {
    loop {
        // Spread, so that the nodes of a cluster do not tidy in step.
        let pause = app.config.tidy_interval.mul_f64(kith_clock::jitter(0.2));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = app.shutdown.signalled() => return,
        }
        if let Err(error) = kith_postgres::within(LONGEST, tidy(&app)).await {
            tracing::warn!(%error, "tidying up failed and is tried again later");
        }
    }
}

async fn tidy(app: &App) -> sqlx::Result<()> {
    let now = app.now();
    let (attempt_over, window_over) = (
        now - delta(app.config.refresh_repeat_window),
        now - delta(app.config.login_failure_window),
    );
    // A little more than a token can live, for clocks that differ.
    let worthless = now - delta(MAX_ACCESS_TOKEN_LIFETIME) - TimeDelta::minutes(10);
    let mut db = app.pool.acquire().await?;
    while sessions::delete_expired(&mut db, now, BATCH).await? == FULL {}
    while refresh_attempts::delete_before(&mut db, attempt_over, BATCH).await? == FULL {}
    while revocations::delete_before(&mut db, worthless, BATCH).await? == FULL {}
    while login_failures::delete_before(&mut db, window_over, BATCH).await? == FULL {}
    signing_keys::delete_retired(&mut db, now - TimeDelta::days(1)).await?;
    let lost = outbox::delete_before(&mut db, now - NEWS_LIFETIME).await?;
    if lost > 0 {
        tracing::error!(
            rows.count = lost,
            "news for the sibling services were given up after a week"
        );
    }
    Ok(())
}
