//! What processes take, from /proc. The embedded Postgres is a tree of processes of its own.

use std::{collections::HashMap, fs, ops::Sub};

use anyhow::Context as _;
use kith_e2e::Node;

/// The kernel's unit of processor time, the same on every Linux that Rust runs on.
const TICKS_PER_S: f64 = 100.0;

/// Seconds of processor time used so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cpu {
    pub(crate) server: f64,
    pub(crate) postgres: f64,
    pub(crate) driver: f64,
}

struct Stat {
    parent: u32,
    own: f64,
    /// Of children that have ended.
    ended: f64,
}

/// Of `kith`, of everything that it started, and of this process.
pub(crate) fn cpu_of(node: &Node) -> anyhow::Result<Cpu> {
    let all = stats()?;
    let of = |process: u32| all.get(&process).map_or(0.0, |stat| stat.own);
    let server = node.process_id();
    let postgres = all
        .iter()
        .filter(|(process, _)| **process != server && descends(&all, **process, server))
        .map(|(_, stat)| stat.own + stat.ended)
        .sum();
    Ok(Cpu {
        server: of(server),
        postgres,
        driver: of(std::process::id()),
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

fn descends(all: &HashMap<u32, Stat>, process: u32, ancestor: u32) -> bool {
    let mut at = process;
    while let Some(stat) = all.get(&at) {
        if stat.parent == ancestor {
            return true;
        }
        at = stat.parent;
    }
    false
}

fn stats() -> anyhow::Result<HashMap<u32, Stat>> {
    let mut all = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(process) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // It may have ended since the folder was read.
        if let Ok(text) = fs::read_to_string(format!("/proc/{process}/stat")) {
            all.insert(process, stat(&text).context("an odd stat file")?);
        }
    }
    Ok(all)
}

/// The second field is a name in brackets that may hold spaces; the parent is the second after it, and user and system
/// time, own and of ended children, are the 12th to the 15th.
fn stat(text: &str) -> Option<Stat> {
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let seconds = |at: usize| Some(fields.get(at)?.parse::<f64>().ok()? / TICKS_PER_S);
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own: seconds(11)? + seconds(12)?,
        ended: seconds(13)? + seconds(14)?,
    })
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            server: self.server - before.server,
            postgres: self.postgres - before.postgres,
            driver: self.driver - before.driver,
        }
    }
}
