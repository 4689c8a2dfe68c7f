//! A private Postgres and a private Redis for nodes that share them. Both listen on a port found at run time, keep
//! their files in a folder of their own and end with the value.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, SocketAddr},
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal};
use tempfile::TempDir;

use crate::{eventually_within, free_port};

const START: Duration = Duration::from_secs(30);
const NOBODY: u32 = 65534;
const MEMORY: &str = "/dev/shm";
/// Several databases at once, with their logs.
const ROOM_BYTES: u64 = 2 << 30;

/// A private Postgres cluster.
pub struct Postgres {
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

impl Postgres {
    /// Makes a cluster and starts it.
    pub async fn start() -> Self {
        let folder = private_folder("kith-pg-");
        let made = server("initdb")
            .args([
                "-A",
                "trust",
                "-U",
                "postgres",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "-N",
                "-D",
            ])
            .arg(folder.path().join("data"))
            .output()
            .expect("running initdb");
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let mut postgres = Self {
            folder,
            port: free_port(),
            child: None,
        };
        postgres.resume().await;
        postgres
    }

    /// The address of a database in it.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Runs a statement in a transaction that stays open, locks and all, until the value is dropped.
    pub fn hold(&self, statement: &str) -> Held {
        let mut child = Command::new(installed("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(self.url())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("running psql");
        let script = format!("BEGIN;\n{statement};\nSELECT 'held';\n");
        let mut input = child.stdin.take().expect("psql listens");
        input.write_all(script.as_bytes()).unwrap();
        let mut answer = String::new();
        let output = child.stdout.take().expect("psql answers");
        BufReader::new(output).read_line(&mut answer).unwrap();
        assert_eq!(answer.trim(), "held", "{statement}");
        Held {
            child,
            _input: input,
        }
    }

    /// What a query answers, its rows as lines and its columns between bars.
    pub fn query(&self, query: &str) -> String {
        let output = Command::new(installed("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(self.url())
            .args(["-c", query])
            .stdin(Stdio::null())
            .output()
            .expect("running psql");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{query}: {errors}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Its first process, while it runs.
    pub fn process_id(&self) -> u32 {
        self.child.as_ref().expect("Postgres runs").id()
    }

    /// Kills its first process alone, as the kernel does when memory runs out; the others find out by themselves.
    pub fn kill_postmaster(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        let pid = postmaster_of(self.folder.path()).expect("Postgres has a pid file");
        rustix::process::kill_process(pid, Signal::QUIT).unwrap();
        if let Some(mut child) = self.child.take() {
            child.wait().unwrap();
        }
    }

    /// Starts it, for the first time or again, and waits until it answers.
    pub async fn resume(&mut self) {
        let mut child = self.spawn();
        let port = self.port.to_string();
        eventually_within(START, "Postgres answers", async || {
            // After the first process alone was killed, it refuses to start until the last of the others has noticed.
            if child.try_wait().unwrap().is_some() {
                child = self.spawn();
            }
            let ready = server("pg_isready")
                .args(["-q", "-h", "127.0.0.1", "-p", &port])
                .status();
            ready.unwrap().success().then_some(())
        })
        .await;
        self.child = Some(child);
    }

    fn spawn(&self) -> Child {
        server("postgres")
            .arg("-D")
            .arg(self.folder.path().join("data"))
            .arg("-k")
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string()])
            .args([
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "max_connections=120",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starting postgres")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill();
        }
    }
}

/// An open transaction; ends, and is rolled back, with the value.
pub struct Held {
    child: Child,
    _input: ChildStdin,
}

impl Drop for Held {
    fn drop(&mut self) {
        // Its end closes the connection, and Postgres rolls back.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A private Redis.
pub struct Redis {
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

impl Redis {
    /// Starts it.
    pub async fn start() -> Self {
        let mut redis = Self {
            folder: private_folder("kith-redis-"),
            port: free_port(),
            child: None,
        };
        redis.resume().await;
        redis
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Its process id, while it runs.
    pub fn process_id(&self) -> u32 {
        self.child.as_ref().expect("Redis runs").id()
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// What it answers to a command.
    pub fn ask(&self, words: &[&str]) -> String {
        ask_redis(self.port, words)
    }

    /// What it has logged, in all its lives.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("redis.log")
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts it, for the first time or again, and waits until it answers.
    pub async fn resume(&mut self) {
        let child = server("redis-server")
            .args([
                "--bind",
                "127.0.0.1",
                "--port",
                &self.port.to_string(),
                "--save",
                "",
            ])
            .arg("--dir")
            .arg(self.folder.path())
            .arg("--logfile")
            .arg(self.log_file())
            .stdout(Stdio::null())
            .spawn()
            .expect("starting redis-server");
        self.child = Some(child);
        let address = ("127.0.0.1", self.port);
        eventually_within(START, "Redis answers", async || {
            tokio::net::TcpStream::connect(address).await.ok().map(drop)
        })
        .await;
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What the Redis at this port answers; nothing while it does not.
pub(crate) fn ask_redis(port: u16, words: &[&str]) -> String {
    let asked = Command::new(installed("redis-cli"))
        .args(["-p", &port.to_string()])
        .args(words)
        .output()
        .expect("running redis-cli");
    String::from_utf8_lossy(&asked.stdout).into_owned()
}

/// The process of the Postgres whose data lies somewhere below `folder`.
pub(crate) fn postmaster_of(folder: &Path) -> Option<Pid> {
    let file = find_below(folder, "postmaster.pid", 3)?;
    let text = std::fs::read_to_string(file).ok()?;
    let pid = Pid::from_raw(text.lines().next()?.trim().parse().ok()?)?;
    rustix::process::test_kill_process(pid)
        .is_ok()
        .then_some(pid)
}

/// Ends the Postgres whose data lies somewhere below `folder`, and waits until it is gone.
pub(crate) fn end_postmaster(folder: &Path) {
    let begin = Instant::now();
    while let Some(pid) = postmaster_of(folder)
        && begin.elapsed() < START
    {
        // It may be gone in between.
        let _ = rustix::process::kill_process(pid, Signal::QUIT);
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn find_below(folder: &Path, name: &str, depth: u32) -> Option<PathBuf> {
    let entries: Vec<_> = std::fs::read_dir(folder).ok()?.flatten().collect();
    if let Some(found) = entries.iter().find(|entry| entry.file_name() == name) {
        return Some(found.path());
    }
    let folders = entries
        .iter()
        .filter(|entry| depth > 0 && entry.path().is_dir());
    folders
        .into_iter()
        .find_map(|entry| find_below(&entry.path(), name, depth - 1))
}

/// A server's command. Postgres refuses to run as root, so root lends it another user.
fn server(name: &str) -> Command {
    let mut command = Command::new(installed(name));
    command.current_dir("/").stdin(Stdio::null());
    if rustix::process::getuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Where a program is. Debian keeps those of Postgres out of the path; the newest version wins.
pub fn installed(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut found: Vec<_> = versions
        .map(|version| version.path().join("bin").join(name))
        .collect();
    found.retain(|path| path.exists());
    found.sort();
    found.pop().unwrap_or_else(|| name.into())
}

/// A folder that removes itself: in memory where there is room, because every test makes a database, and no test cuts
/// the power. Its path is short enough for a Unix socket.
pub(crate) fn folder(prefix: &str) -> TempDir {
    let in_memory =
        rustix::fs::statvfs(MEMORY).is_ok_and(|fs| fs.f_bavail * fs.f_frsize >= ROOM_BYTES);
    folder_in(if in_memory { MEMORY } else { "/tmp" }, prefix)
}

/// A folder that removes itself, at a place of choice.
pub(crate) fn folder_in(parent: &str, prefix: &str) -> TempDir {
    tempfile::Builder::new()
        .prefix(prefix)
        .tempdir_in(parent)
        .unwrap()
}

/// The same, for a server that runs as another user.
fn private_folder(prefix: &str) -> TempDir {
    let folder = folder(prefix);
    if rustix::process::getuid().is_root() {
        chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_killed_postgres_comes_back_at_the_same_address() {
        let mut postgres = Postgres::start().await;
        let url = postgres.url();

        postgres.kill();
        assert!(postmaster_of(postgres.folder.path()).is_none());
        postgres.resume().await;

        assert_eq!(postgres.url(), url);
        assert!(postmaster_of(postgres.folder.path()).is_some());
    }

    #[tokio::test]
    async fn a_killed_redis_comes_back_at_the_same_address() {
        let mut redis = Redis::start().await;
        let url = redis.url();

        redis.kill();
        redis.resume().await;

        assert_eq!(redis.url(), url);
    }
}
