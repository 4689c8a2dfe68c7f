//! The server that a killed node left behind. It is stopped before a new one starts: two on one folder would destroy it.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, test_kill_process};
use tokio::time::Instant;

use super::Error;

/// Stops the server of this folder if one still runs, and removes a lock file that names some other process.
pub(super) async fn stop(data: &Path) -> Result<(), Error> {
    let Some(pid) = recorded_pid(data) else {
        return Ok(());
    };
    if is_server_of(pid, data) {
        tracing::warn!(
            pid = pid.as_raw_nonzero().get(),
            "stopping the database of a node that was killed"
        );
        for (signal, limit) in [(Signal::INT, 10), (Signal::QUIT, 5), (Signal::KILL, 5)] {
            let _ = rustix::process::kill_process(pid, signal);
            if has_ended(pid, data, Duration::from_secs(limit)).await {
                return Ok(());
            }
        }
        return Ok(());
    }
    // The number may have been given to another process since (always so in a container); PostgreSQL would wait for
    // that one for ever. A server of this folder would have the folder as its working directory.
    let lock = data.join("postmaster.pid");
    match std::fs::remove_file(&lock) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io(
            "cannot remove the stale lock of the database",
            &lock,
        )(error)),
        _ => Ok(()),
    }
}

fn recorded_pid(data: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
    text.lines()
        .next()?
        .trim()
        .parse()
        .ok()
        .and_then(Pid::from_raw)
}

fn is_server_of(pid: Pid, data: &Path) -> bool {
    let working = std::fs::metadata(format!("/proc/{}/cwd", pid.as_raw_nonzero()));
    match (working, std::fs::metadata(data)) {
        (Ok(working), Ok(data)) => (working.dev(), working.ino()) == (data.dev(), data.ino()),
        // Without /proc the lock file's word is all there is.
        _ => !Path::new("/proc/self").exists() && test_kill_process(pid).is_ok(),
    }
}

async fn has_ended(pid: Pid, data: &Path, limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if !is_server_of(pid, data) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}
