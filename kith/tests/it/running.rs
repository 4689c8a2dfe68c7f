//! A `kith` process under test, and the little HTTP that the tests speak to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

const BINARY: &str = env!("CARGO_BIN_EXE_kith");
/// Making a database on a busy machine is the slowest thing here.
const LIMIT: Duration = Duration::from_secs(90);

/// A started node; ends with the value.
pub(crate) struct Kith {
    child: Child,
    data: PathBuf,
    log: PathBuf,
    pub(crate) address: String,
}

impl Kith {
    /// Starts a node and waits for its ready line.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// The same, with variables set.
    pub(crate) fn start_with(data: &Path, variables: &[(&str, &str)]) -> Self {
        Self::start_as(data, "all", variables)
    }

    /// The same, with some roles only.
    pub(crate) fn start_as(data: &Path, roles: &str, variables: &[(&str, &str)]) -> Self {
        let log = data.with_extension("log");
        let mut child = command(data)
            .args(["--listen", "127.0.0.1:0", "--role", roles])
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let mut node = Self {
            child,
            data: data.to_owned(),
            log,
            address: String::new(),
        };
        let address = line
            .trim_end()
            .strip_prefix("kith is ready: http://")
            .map(str::to_owned);
        let address = address.unwrap_or_else(|| panic!("not ready: {line}\n{}", node.log()));
        node.address = address;
        node
    }

    /// Its data folder.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// How many of its threads run tasks, or block on behalf of one.
    pub(crate) fn threads(&self) -> usize {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let name = |task: std::io::Result<std::fs::DirEntry>| {
            std::fs::read_to_string(task.ok()?.path().join("comm")).ok()
        };
        tasks
            .filter_map(name)
            .filter(|name| name == "kith\n")
            .count()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end of the process.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "it does not end:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ended()
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn internal_address(&self) -> String {
        std::fs::read_to_string(self.data.join("internal.addr"))
            .unwrap()
            .trim()
            .to_owned()
    }

    /// Status and body of a call to the public port.
    pub(crate) fn call(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        http(&self.address, method, path, body)
    }

    /// The same with an access token.
    pub(crate) fn call_as(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: &str,
    ) -> (u16, String) {
        let authorization = format!("Authorization: Bearer {token}\r\n");
        exchange(&self.address, (method, path), &authorization, body)
    }
}

impl Drop for Kith {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.signal(Signal::TERM);
            self.ended();
        }
    }
}

/// The binary on a data folder, with nothing of this process's own settings.
pub(crate) fn command(data: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .arg("--data")
        .arg(data)
        .stdin(Stdio::null());
    command
}

/// Runs a command of the binary to its end.
pub(crate) fn run(data: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(data)
        .args(arguments)
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

/// What a command printed, on both streams.
pub(crate) fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

/// One call over HTTP/1.1; status 0 when nobody answers.
pub(crate) fn http(address: &str, method: &str, path: &str, body: &str) -> (u16, String) {
    exchange(address, (method, path), "", body)
}

/// One call with further headers, each with its end of line.
fn exchange(
    address: &str,
    (method, path): (&str, &str),
    headers: &str,
    body: &str,
) -> (u16, String) {
    let exchange = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = exchange().unwrap_or_default();
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0);
    let body = answer
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned())
        .unwrap_or_default();
    (status, body)
}

/// Registers somebody; their user name is their password.
pub(crate) fn register(node: &Kith, name: &str) -> (u16, String) {
    node.call("POST", "/api/v1/auth/register", &credentials(name))
}

/// Logs somebody in.
pub(crate) fn login(node: &Kith, name: &str) -> (u16, String) {
    node.call("POST", "/api/v1/auth/login", &credentials(name))
}

fn credentials(name: &str) -> String {
    format!(r#"{{"username":"{name}","password":"{name}-password"}}"#)
}
