//! The idle process, on data that exists already.

use std::time::Duration;

use anyhow::ensure;
use kith_e2e::Node;

use crate::process;

/// After this long nothing of the start is under way any more.
const SETTLE: Duration = Duration::from_secs(5);

/// Figures of one start.
pub(crate) struct Idle {
    pub(crate) rss_mib: f64,
    pub(crate) start_to_ready_s: f64,
}

/// Stops the node, starts it on the same data and lets it stand; gives the new one back.
pub(crate) async fn measure(mut node: Node) -> anyhow::Result<(Idle, Node)> {
    let end = node.stop().await;
    ensure!(end.success(), "kith ended with {end}");
    let node = node.restart().await;
    tokio::time::sleep(SETTLE).await;
    let idle = Idle {
        rss_mib: process::rss_mib(&node)?,
        start_to_ready_s: node.started_in().as_secs_f64(),
    };
    Ok((idle, node))
}
