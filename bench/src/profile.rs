//! Where the time goes, by samples of the whole machine: `perf`, if it is there and may.

use std::{
    collections::BTreeMap,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::findings::Profile;

/// Samples a second and processor; odd, so that it keeps no step with timers.
const RATE: &str = "499";
const FUNCTIONS: usize = 24;
const PROCESSES: usize = 6;
/// Percent below which nothing is listed.
const LEAST: f64 = 0.3;

/// Whose functions are listed; of others only how much they took.
const OURS: [&str; 5] = ["kith", "postgres", "redis-server", "driver", "bare-server"];

/// A recording under way.
pub(crate) struct Recording {
    child: Child,
    folder: TempDir,
}

impl Recording {
    /// Begins one of this length; nothing when there is no `perf` here, or it may not.
    pub(crate) fn begin(length: Duration) -> Option<Self> {
        let folder = tempfile::tempdir().ok()?;
        let child = Command::new("perf")
            .args(["record", "-q", "-a", "-F", RATE, "-o"])
            .arg(folder.path().join("data"))
            .args(["--", "sleep", &length.as_secs_f64().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        Some(Self { child, folder })
    }

    /// Waits for its end and reads it.
    pub(crate) fn end(mut self) -> Option<Profile> {
        self.child
            .wait()
            .ok()
            .filter(std::process::ExitStatus::success)?;
        let report = Command::new("perf")
            .arg("report")
            .arg("-i")
            .arg(self.folder.path().join("data"))
            .args([
                "--stdio",
                "--no-children",
                "-q",
                "--sort",
                "comm,sym",
                "-t",
                "|",
            ])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        parse(&String::from_utf8_lossy(&report.stdout))
    }
}

/// Lines such as `  3.21%|postgres  |[.] hash_search`.
fn parse(report: &str) -> Option<Profile> {
    let mut by_process: BTreeMap<String, f64> = BTreeMap::new();
    let mut functions = Vec::new();
    for line in report.lines() {
        let mut parts = line.split('|').map(str::trim);
        let share = parts
            .next()
            .and_then(|share| share.strip_suffix('%')?.parse::<f64>().ok());
        let (Some(share), Some(process), Some(function)) = (share, parts.next(), parts.next())
        else {
            continue;
        };
        let process = owner(process);
        *by_process.entry(process.to_owned()).or_default() += share;
        if share >= LEAST && functions.len() < FUNCTIONS && OURS.contains(&process) {
            functions.push((share, process.to_owned(), function.to_owned()));
        }
    }
    let mut processes: Vec<(f64, String)> = by_process
        .into_iter()
        .filter(|(_, share)| *share >= LEAST)
        .map(|(process, share)| (share, process))
        .collect();
    processes.sort_by(|one, other| other.0.total_cmp(&one.0));
    processes.truncate(PROCESSES);
    (!functions.is_empty()).then_some(Profile {
        processes,
        functions,
    })
}

/// Threads have names of their own.
fn owner(thread: &str) -> &str {
    match thread {
        "swapper" => "idle",
        "tokio-rt-worker" | "kith" => "kith",
        "kith-bench" => "driver",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_summed_by_process() {
        let report = "    40.00%|swapper         |[k] pv_native_safe_halt\n     9.50%|tokio-rt-worker|[k] tcp_sendmsg  \n\
                      0.50%|kith|[.] memmove\n\n     5.00%|postgres|[.] hash_search\n";

        let profile = parse(report).unwrap();

        assert_eq!(profile.processes[0], (40.0, "idle".to_owned()));
        assert_eq!(profile.processes[1], (10.0, "kith".to_owned()));
        assert_eq!(
            profile.functions[0],
            (9.5, "kith".to_owned(), "[k] tcp_sendmsg".to_owned())
        );
        assert_eq!(profile.functions.len(), 3);
    }
}
