//! Heeds changes of who may see whom that a hint did not bring, and removes old ones.

use std::time::{Duration, Instant};

use crate::app::App;

/// How often old changes are removed.
const TIDY: Duration = Duration::from_mins(1);

pub(super) async fn run(app: App) {
    let mut tidied = Instant::now();
    loop {
        if let Err(error) = kith_postgres::patiently(app.follow_visibility()).await {
            tracing::warn!(%error, "changes of visibility cannot be read now");
        }
        if tidied.elapsed() > TIDY {
            tidied = Instant::now();
            if let Err(error) = kith_postgres::patiently(app.tidy_visibility()).await {
                tracing::warn!(%error, "old changes of visibility stay for now");
            }
        }
        let pause = app.config.visibility_poll.mul_f64(kith_clock::jitter(0.2));
        tokio::time::sleep(pause).await;
    }
}
