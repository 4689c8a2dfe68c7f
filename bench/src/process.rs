//! What processes take, from /proc. The embedded Postgres is a process of its own and is not counted with `kith`.

use std::fs;

use anyhow::Context as _;
use kith_e2e::Node;

/// The kernel's unit of processor time, the same on every Linux that Rust runs on.
const TICKS_PER_S: f64 = 100.0;

/// Seconds of processor time used so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cpu {
    pub(crate) server: f64,
    pub(crate) driver: f64,
}

/// Of `kith`, and of this process.
pub(crate) fn cpu_of(node: &Node) -> anyhow::Result<Cpu> {
    Ok(Cpu {
        server: cpu(node.process_id())?,
        driver: cpu(std::process::id())?,
    })
}

/// Memory that is resident, of `kith` alone.
pub(crate) fn rss_mib(node: &Node) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", node.process_id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = line
        .and_then(|line| line.split_whitespace().next()?.parse().ok())
        .context("no VmRSS")?;
    Ok(kib / 1024.0)
}

fn cpu(process: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field is a name in brackets that may hold spaces; user and system time are the 12th and 13th after it.
    let (_, rest) = stat.rsplit_once(')').context("an odd stat file")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks: f64 = fields
        .get(11..13)
        .context("a short stat file")?
        .iter()
        .filter_map(|t| t.parse::<f64>().ok())
        .sum();
    Ok(ticks / TICKS_PER_S)
}
