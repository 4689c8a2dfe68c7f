//! Background loops.

pub(crate) mod flush_positions;
pub(crate) mod measure_feed;
pub(crate) mod relay_feed;
pub(crate) mod watch_epoch;

use std::sync::Arc;

use crate::app::App;

/// Starts what the feed needs; both go on whatever happens, until the shutdown.
pub(crate) fn spawn_feed(app: &Arc<App>) {
    let relayed = Arc::clone(app);
    app.tasks.restarting("chat.relay_feed", move || {
        relay_feed::run(Arc::clone(&relayed))
    });
    let measured = Arc::clone(app);
    app.tasks.restarting("chat.measure_feed", move || {
        measure_feed::run(Arc::clone(&measured))
    });
}
