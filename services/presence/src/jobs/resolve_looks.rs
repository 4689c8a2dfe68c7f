//! Asks friends about looks that a change made doubtful. Nothing is shown meanwhile, so it asks until there is an answer.

use std::time::Duration;

use crate::app::App;

/// Before friends is asked again after it did not answer.
const PAUSE: Duration = Duration::from_millis(250);

pub(super) async fn run(app: App) {
    loop {
        match app.resolve_looks().await {
            Ok(()) => app.board.unresolved.notified().await,
            Err(error) => {
                tracing::warn!(%error, "friends cannot be asked now; what is doubtful stays hidden");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
