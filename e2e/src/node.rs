//! One `kith` process: found, started, waited for, signalled, started again.

use std::{
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use kith_sdk::rest::Api;
use rustix::process::{Pid, Signal};
use tempfile::TempDir;

use crate::{eventually_within, servers};

/// The first start makes a database cluster; two tests may do so at once on two cores.
const START: Duration = Duration::from_mins(1);
/// SIGTERM ends within 10 s by the contract; a little more is the machine's.
const STOP: Duration = Duration::from_secs(12);
const READY: &str = "kith is ready: ";

/// Where a node keeps its data.
#[derive(Debug)]
enum Folder {
    /// Goes with the last who needs it.
    OfItsOwn(TempDir),
    /// Stays.
    Given(PathBuf),
}

/// How to start a node.
#[derive(Debug, Clone)]
pub struct Settings {
    data: Arc<Folder>,
    binary: Option<PathBuf>,
    listen: String,
    variables: Vec<(String, String)>,
}

impl Default for Settings {
    fn default() -> Self {
        let data = tempfile::Builder::new()
            .prefix("kith-e2e-")
            .tempdir()
            .unwrap();
        Self {
            data: Arc::new(Folder::OfItsOwn(data)),
            binary: None,
            listen: "127.0.0.1:0".to_owned(),
            variables: vec![("KITH__LIMITS__ENABLED".to_owned(), "false".to_owned())],
        }
    }
}

impl Settings {
    /// Sets a configuration variable; a later one of the same name wins.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Keeps the data on the disk: for measurements, which the disk is a part of.
    pub fn on_disk(self) -> Self {
        let folder = servers::folder_in("/var/tmp", "kith-e2e-");
        Self {
            data: Arc::new(Folder::OfItsOwn(folder)),
            ..self
        }
    }

    /// Keeps the data in this folder, which stays: for data that is dear to make. Its path must be short enough for a Unix socket.
    pub fn in_folder(self, folder: &Path) -> Self {
        Self {
            data: Arc::new(Folder::Given(folder.to_owned())),
            ..self
        }
    }

    /// Starts this binary instead of the one that the tests find.
    pub fn with_binary(self, path: &Path) -> Self {
        Self {
            binary: Some(path.to_owned()),
            ..self
        }
    }

    /// Listens somewhere else than on a free port of the loopback.
    pub fn listening_on(self, address: &str) -> Self {
        Self {
            listen: address.to_owned(),
            ..self
        }
    }

    /// Uses a Postgres of its own instead of the embedded one.
    pub fn with_postgres(self, url: &str) -> Self {
        self.with("KITH__DATABASE__URL", url)
    }

    /// Uses a Redis instead of the in-process bus.
    pub fn with_redis(self, url: &str) -> Self {
        self.with("KITH__REDIS__URL", url)
    }

    /// Uses a Redis Cluster instead of the in-process bus.
    pub fn with_redis_cluster(self, urls: &str) -> Self {
        self.with_redis(urls).with("KITH__REDIS__CLUSTER", "true")
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        match &*self.data {
            Folder::OfItsOwn(folder) => folder.path(),
            Folder::Given(folder) => folder,
        }
    }
}

/// A running `kith`. Ends with the value, at once.
pub struct Node {
    child: Child,
    base: String,
    output: Arc<Mutex<String>>,
    settings: Settings,
    started_in: Duration,
}

impl Node {
    /// Starts a node with everything at its default, limits off.
    pub async fn start() -> Self {
        Self::start_with(Settings::default()).await
    }

    /// Starts a node and waits until it says that it is ready.
    pub async fn start_with(settings: Settings) -> Self {
        let begin = Instant::now();
        let mut node = Self::spawn(settings);
        node.base = eventually_within(START, "the node is ready", async || node.ready_line()).await;
        node.started_in = begin.elapsed();
        node
    }

    /// Starts a node that must not come up; gives its end and what it printed.
    pub async fn refuses_to_start(settings: Settings) -> (ExitStatus, String) {
        let mut node = Self::spawn(settings);
        let status = node.ended().await;
        // The last lines may still be on their way through the pipe.
        let output = eventually_within(STOP, "the node says why", async || {
            Some(node.output()).filter(|o| !o.is_empty())
        });
        (status, output.await)
    }

    fn spawn(settings: Settings) -> Self {
        let mut command = Command::new(settings.binary.clone().unwrap_or_else(binary));
        command
            .arg("--data")
            .arg(settings.data())
            .args(["--listen", &settings.listen])
            .envs(settings.variables.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("starting the kith binary");
        let output = Arc::new(Mutex::new(String::new()));
        collect(child.stdout.take().unwrap(), &output);
        collect(child.stderr.take().unwrap(), &output);
        Self {
            child,
            base: String::new(),
            output,
            settings,
            started_in: Duration::ZERO,
        }
    }

    /// Starts a node with the settings of this one, which must have ended.
    pub async fn restart(mut self) -> Self {
        assert!(self.has_ended(), "restart needs an ended node");
        Self::start_with(self.settings.clone()).await
    }

    /// The API of this node, nobody logged in.
    pub fn api(&self) -> Api {
        Api::new(&self.base).unwrap()
    }

    /// Where it listens, such as `127.0.0.1:41234`.
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// Where its internal port is, such as `127.0.0.1:41235`.
    pub fn internal_address(&self) -> String {
        let place = self.settings.data().join("internal.addr");
        let address = std::fs::read_to_string(place).expect("the internal port is written down");
        address.trim().to_owned()
    }

    /// Its process id.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// How long it took from the start of the process to its ready line.
    pub fn started_in(&self) -> Duration {
        self.started_in
    }

    /// Its settings, data folder included.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Everything it has printed.
    pub fn output(&self) -> String {
        self.output
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Sends SIGTERM.
    pub fn ask_to_stop(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends SIGTERM and waits for the end.
    pub async fn stop(&mut self) -> ExitStatus {
        self.ask_to_stop();
        self.ended().await
    }

    /// Sends SIGKILL, which it cannot see coming, and waits for the end.
    pub async fn kill(&mut self) -> ExitStatus {
        self.signal(Signal::KILL);
        self.ended().await
    }

    /// Waits for the end of the process.
    pub async fn ended(&mut self) -> ExitStatus {
        self.ended_within(STOP).await
    }

    /// The same for a node that was given more time.
    pub async fn ended_within(&mut self, patience: Duration) -> ExitStatus {
        let child = &mut self.child;
        eventually_within(patience, "the node has ended", async || {
            child.try_wait().unwrap()
        })
        .await
    }

    /// Runs an operator's command, such as `user disable`, on this node's data; gives what it printed as its result.
    pub async fn operate(&self, arguments: &[&str]) -> String {
        let settings = &self.settings;
        let mut command =
            tokio::process::Command::new(settings.binary.clone().unwrap_or_else(binary));
        command
            .args(arguments)
            .arg("--data")
            .arg(settings.data())
            .envs(settings.variables.iter().cloned());
        let done = command.output().await.unwrap();
        assert!(
            done.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    /// A measurement of the internal port, summed over its labels; `None` before it was taken for the first time.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let page = reqwest::get(format!("http://{}/metrics", self.internal_address()));
        let page = page.await.unwrap().text().await.unwrap();
        let values: Vec<f64> = page
            .lines()
            .filter(|line| line.split([' ', '{']).next() == Some(name))
            .filter_map(|line| line.rsplit(' ').next()?.parse().ok())
            .collect();
        (!values.is_empty()).then(|| values.iter().sum())
    }

    /// Kills the embedded Postgres as a power cut would.
    pub fn kill_postgres(&self) {
        let pid = servers::postmaster_of(self.settings.data())
            .expect("the embedded Postgres has a pid file");
        rustix::process::kill_process(pid, Signal::KILL).unwrap();
    }

    fn ready_line(&mut self) -> Option<String> {
        let output = self.output();
        let line = output.lines().find_map(|line| line.split_once(READY));
        assert!(
            line.is_some() || !self.has_ended(),
            "kith ended before it was ready:\n{output}"
        );
        Some(
            line?
                .1
                .split_whitespace()
                .next()?
                .trim_end_matches('/')
                .to_owned(),
        )
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    fn signal(&self, signal: Signal) {
        rustix::process::kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Killed, not asked: a node whose sockets nobody reads any more would use its whole grace period.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // A killed node leaves its Postgres behind for the next start; a node without data is not started again.
        if Arc::strong_count(&self.settings.data) == 1 {
            servers::end_postmaster(self.settings.data());
        }
        if std::thread::panicking() {
            let output = self.output();
            let skip = output.lines().count().saturating_sub(60);
            let tail: Vec<_> = output.lines().skip(skip).collect();
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("--- the node's last words ---\n{}\n", tail.join("\n")).as_bytes(),
            );
        }
    }
}

/// `KITH_BIN`, or the binary beside the test's own executable.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("KITH_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join("kith");
    assert!(
        path.exists(),
        "{} is not built; run `cargo build -p kith` first",
        path.display()
    );
    path
}

/// Copies a stream of the child to where the tests can read it. Threads, so that a full pipe never blocks the child.
fn collect(stream: impl Read + Send + 'static, output: &Arc<Mutex<String>>) {
    let output = Arc::clone(output);
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
            output.push_str(&line);
            output.push('\n');
        }
    });
}
