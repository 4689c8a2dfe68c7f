//! The server process: started, waited for until it answers, stopped.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::process::{Child, Command};
use tokio::time::Instant;

use super::settings::SETTINGS;
use super::{ADMIN, AbortHandle, Access, Binaries, DataFolder, Error, Owner};

/// How long a server may replay its log after a crash before it counts as stuck.
const RECOVERY_LIMIT: Duration = Duration::from_mins(10);
/// How often a server that ended early is started again: backends of a killed one need a moment to go.
const ATTEMPTS: u32 = 20;
/// A log longer than this is put aside at the next start.
const LOG_LIMIT: u64 = 16 * 1024 * 1024;

/// What a server process is started with.
pub(super) struct Server {
    pub(super) folder: DataFolder,
    pub(super) binaries: Binaries,
    pub(super) owner: Owner,
    pub(super) access: Access,
    /// Told of every process that is started, from its first moment.
    pub(super) abort: AbortHandle,
}

/// Starts the server and waits until it accepts connections.
pub(super) async fn start(server: &Server) -> Result<Child, Error> {
    let mut attempt = 0;
    loop {
        let (mut child, log_start) = spawn(server)?;
        server.abort.follow(pid_of(&child));
        match wait_until_ready(&mut child, &server.access).await? {
            Outcome::Ready => return Ok(child),
            Outcome::Ended(status) => {
                server.abort.follow(None);
                attempt += 1;
                let log = read_from(&server.folder.log(), log_start);
                let may_pass = log.contains("still in use") || log.contains("lock file");
                if attempt >= ATTEMPTS || !may_pass {
                    return Err(Error::Ended { status, log });
                }
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        }
    }
}

/// Ends the server: at once for its clients (fast), and without a checkpoint (immediate) when that takes too long. Both
/// lose nothing that was committed.
pub(super) async fn stop(child: &mut Child, fast_limit: Duration) {
    for (signal, limit) in [
        (Signal::INT, fast_limit),
        (Signal::QUIT, Duration::from_secs(3)),
        (Signal::KILL, Duration::from_secs(3)),
    ] {
        let Some(pid) = pid_of(child) else { return };
        let _ = rustix::process::kill_process(pid, signal);
        if tokio::time::timeout(limit, child.wait()).await.is_ok() {
            return;
        }
        tracing::warn!(?signal, "the embedded database did not end in time");
    }
}

/// The server's process, while it lives.
pub(super) fn pid_of(child: &Child) -> Option<Pid> {
    child
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .and_then(Pid::from_raw)
}

fn spawn(server: &Server) -> Result<(Child, u64), Error> {
    let (path, program) = (server.folder.log(), server.binaries.program("postgres"));
    let (log, start) = open_log(&path).map_err(Error::io("cannot open the log", &path))?;
    let copy = log
        .try_clone()
        .map_err(Error::io("cannot open the log", &path))?;
    let mut command = Command::new(&program);
    server.owner.prepare(&mut command);
    command.arg("-D").arg(server.access.folder_for_child());
    for (name, value) in SETTINGS {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    command.stdin(Stdio::null()).stdout(log).stderr(copy);
    let child = command.spawn().map_err(Error::io("cannot run", program))?;
    Ok((child, start))
}

enum Outcome {
    Ready,
    Ended(String),
}

async fn wait_until_ready(child: &mut Child, access: &Access) -> Result<Outcome, Error> {
    let started = Instant::now();
    let mut next_word = Duration::from_secs(5);
    loop {
        if let Some(status) = child
            .try_wait()
            .map_err(Error::io("cannot watch", "postgres"))?
        {
            return Ok(Outcome::Ended(status.to_string()));
        }
        let options = access
            .options_of_database(ADMIN, "postgres")
            .disable_statement_logging();
        if let Ok(connection) = options.connect().await {
            let _ = connection.close().await;
            return Ok(Outcome::Ready);
        }
        let waited = started.elapsed();
        if waited > RECOVERY_LIMIT {
            stop(child, Duration::from_secs(5)).await;
            return Err(Error::Silent {
                seconds: RECOVERY_LIMIT.as_secs(),
            });
        }
        if waited > next_word {
            tracing::info!(
                waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
                "the embedded database is recovering"
            );
            next_word *= 2;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

fn open_log(path: &Path) -> std::io::Result<(File, u64)> {
    if std::fs::metadata(path).is_ok_and(|log| log.len() > LOG_LIMIT) {
        std::fs::rename(path, path.with_extension("log.1"))?;
    }
    let log = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    let length = log.metadata()?.len();
    Ok((log, length))
}

fn read_from(path: &Path, start: u64) -> String {
    let read = || -> std::io::Result<String> {
        let mut log = File::open(path)?;
        log.seek(SeekFrom::Start(start))?;
        let mut text = Vec::new();
        log.take(64 * 1024).read_to_end(&mut text)?;
        Ok(String::from_utf8_lossy(&text).trim_end().to_owned())
    };
    read().unwrap_or_else(|error| format!("(no log: {error})"))
}
