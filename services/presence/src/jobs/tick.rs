//! Shows what had to wait for its turn, and what ended by itself.

use std::time::Duration;

use crate::app::App;

/// Often enough that nobody sees the difference.
const LONGEST: Duration = Duration::from_millis(200);

pub(super) async fn run(app: App) {
    let pause = (app.config.coalesce / 20).clamp(Duration::from_millis(5), LONGEST);
    loop {
        tokio::time::sleep(pause).await;
        app.board.tick();
    }
}
