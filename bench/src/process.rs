//! Processes, from /proc: their time, their memory, who started them. The embedded Postgres is a tree of processes of its own.

use std::{collections::HashMap, fs};

use anyhow::Context as _;

/// The kernel's unit of processor time, the same on every Linux that Rust runs on.
pub(crate) const TICKS_PER_S: f64 = 100.0;

/// Of one process.
pub(crate) struct Stat {
    pub(crate) parent: u32,
    pub(crate) own: f64,
    /// Of children that have ended.
    pub(crate) ended: f64,
}

/// Whether somebody above a process is this one.
pub(crate) fn descends(all: &HashMap<u32, Stat>, process: u32, ancestor: u32) -> bool {
    let mut at = process;
    while let Some(stat) = all.get(&at) {
        if stat.parent == ancestor {
            return true;
        }
        at = stat.parent;
    }
    false
}

/// Seconds of processor time of a process and of everything that it started.
pub(crate) fn cpu_below(process: u32) -> anyhow::Result<f64> {
    let all = stats()?;
    Ok(all
        .iter()
        .filter(|(at, _)| **at == process || descends(&all, **at, process))
        .map(|(_, stat)| stat.own + stat.ended)
        .sum())
}

/// Of every process that runs.
pub(crate) fn stats() -> anyhow::Result<HashMap<u32, Stat>> {
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

/// Memory of a process; what it shares with others counts in part.
pub(crate) fn pss_kib(process: u32) -> anyhow::Result<f64> {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .context("no Pss")
}
