//! Measures what operators must know of the feed: how far its consumers are behind, and whether a transaction that writes stays open.

use std::{sync::Arc, time::Duration};

use crate::{
    app::App,
    store::{feed, feed_consumers},
};

/// How often.
const PERIOD: Duration = Duration::from_secs(5);
/// A write that is open longer keeps what it wrote from everybody, and the database from cleaning up.
const LONG_WRITE_SECONDS: f64 = 5.0;

/// Until the shutdown.
pub(crate) async fn run(app: Arc<App>) {
    let shutdown = app.tasks.shutdown().clone();
    loop {
        if let Err(error) = kith_postgres::patiently(measure(&app)).await {
            tracing::debug!(%error, "the feed could not be measured");
        }
        tokio::select! {
            () = shutdown.signalled() => return,
            () = tokio::time::sleep(PERIOD) => {}
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "gauges are floats, and nobody reads a lag of 2^53 to the last digit"
)]
async fn measure(app: &App) -> sqlx::Result<()> {
    let mut db = app.pool.acquire().await?;
    let head = feed::find_head(&mut db).await?;
    metrics::gauge!("kith_chat_feed_head").set(head as f64);
    for consumer in feed_consumers::list(&mut db).await? {
        let lag = (head - consumer.acked_pos).max(0);
        metrics::gauge!("kith_chat_feed_lag_events", "consumer" => consumer.name).set(lag as f64);
    }
    let age = feed::find_oldest_write(&mut db).await?;
    metrics::gauge!("kith_chat_oldest_write_seconds").set(age);
    if age > LONG_WRITE_SECONDS {
        tracing::warn!(
            age_seconds = age,
            "a transaction that writes is open for long"
        );
    }
    Ok(())
}
