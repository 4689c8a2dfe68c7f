//! Compares the leases of other nodes with the store, at intervals and when hints may have been lost.

use std::collections::HashMap;

use crate::app::App;

pub(super) async fn run(app: App) {
    let mut behind = HashMap::new();
    let mut at_once = true;
    loop {
        app.sweep_leases(&mut behind, at_once).await;
        // Spread, so that the nodes do not look at the same time.
        let pause = app.config.sweep.mul_f64(kith_clock::jitter(0.2));
        at_once = tokio::select! {
            () = app.sweep_now.notified() => true,
            () = tokio::time::sleep(pause) => false,
        };
    }
}
