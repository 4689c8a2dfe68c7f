//! The report: a page to look at and a text to keep, both from the same findings.

mod html;
mod markdown;
mod plot;

use std::{fs, path::Path, thread::available_parallelism};

use anyhow::Context as _;

use crate::findings::{Findings, Row};

/// Writes `index.html` and `report.md` into the folder.
pub(crate) fn write(folder: &Path, findings: &Findings) -> anyhow::Result<()> {
    let machine = machine();
    let pages = [
        ("index.html", html::page(findings, &machine)?),
        ("report.md", markdown::page(findings, &machine)),
    ];
    for (name, page) in pages {
        let path = folder.join(name);
        fs::write(&path, page).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// What it was measured on.
fn machine() -> String {
    let cores = available_parallelism().map_or(0, usize::from);
    let of = |path: &str, key: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text
            .lines()
            .find(|line| line.starts_with(key))
            .unwrap_or_default();
        line.split_once([':', '='])
            .map_or("", |(_, value)| value)
            .trim()
            .trim_matches('"')
            .to_owned()
    };
    let memory: u64 = of("/proc/meminfo", "MemTotal")
        .split_whitespace()
        .next()
        .and_then(|kib| kib.parse().ok())
        .unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{cores} processors ({}), {} GiB, {}, Linux {}",
        of("/proc/cpuinfo", "model name"),
        memory / (1 << 20),
        of("/etc/os-release", "PRETTY_NAME"),
        kernel.trim()
    )
}

/// What holds for every figure.
const CAVEAT: &str = "Driver, kith, Postgres and Redis share these processors, over the loopback. Figures of one machine do not compare with those of \
another, and the same machine changes with its neighbours; ratios within one run do compare. Medians of the runs in which other work took less than a \
quarter of a processor; when there is none, of all.";

fn verdict(row: &Row) -> (&str, &str) {
    match &row.aim {
        Some(aim) if aim.is_met => (&aim.text, "yes"),
        Some(aim) => (&aim.text, "NO"),
        None => ("", ""),
    }
}
