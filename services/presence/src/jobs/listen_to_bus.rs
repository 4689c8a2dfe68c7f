//! Hears what other nodes hint at.

use kith_bus::Signal;

use crate::app::App;

pub(super) async fn run(app: App) {
    let subscription = app.hints.subscribe().await;
    loop {
        match subscription.recv().await {
            Signal::Message { payload, .. } => {
                if let Some(hint) = app.hints.read(payload) {
                    app.hear(hint).await;
                }
            }
            // Hints may have been lost: everything is compared now.
            Signal::Interrupted => app.sweep_now.notify_one(),
        }
    }
}
