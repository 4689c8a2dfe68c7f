//! The node's embedded Postgres, as its administrator reaches it: with the server's own programs, over its socket.

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use kith_e2e::{Node, installed};

/// A way to it.
pub(crate) struct Server {
    socket: PathBuf,
}

impl Server {
    /// The one of this node; it stays the same over restarts.
    pub(crate) fn of(node: &Node) -> Self {
        Self {
            socket: node.settings().data().join("postgres"),
        }
    }

    /// Runs statements.
    pub(crate) fn sql(&self, database: &str, statements: &str) -> anyhow::Result<()> {
        self.psql(database, statements).map(drop)
    }

    /// Runs a query and gives its rows as text.
    pub(crate) fn query(&self, database: &str, query: &str) -> anyhow::Result<String> {
        self.psql(database, query)
    }

    /// Copies rows (text format of COPY) into a temporary table of these columns, and runs a statement on it.
    pub(crate) fn copy(
        &self,
        database: &str,
        (table, columns): (&str, &str),
        statement: &str,
        rows: &str,
    ) -> anyhow::Result<()> {
        let script = format!(
            "CREATE TEMPORARY TABLE {table} ({columns});\nCOPY {table} FROM STDIN;\n{rows}\\.\n{statement};\n"
        );
        self.psql(database, &script).map(drop)
    }

    /// Runs a pgbench script and gives its transactions per second.
    pub(crate) fn bench(
        &self,
        database: &str,
        script: &tempfile::NamedTempFile,
        clients: u32,
        seconds: u64,
    ) -> anyhow::Result<f64> {
        let mut command = self.command("pgbench");
        command
            .args([
                "--no-vacuum",
                "-M",
                "prepared",
                "-j",
                &clients.min(2).to_string(),
            ])
            .args(["-c", &clients.to_string(), "-T", &seconds.to_string(), "-f"])
            .arg(script.path())
            .arg(database);
        let text = output(command, "")?;
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let rate = rate
            .and_then(|line| line.split_whitespace().next())
            .context("pgbench printed no rate")?;
        Ok(rate.parse()?)
    }

    fn psql(&self, database: &str, script: &str) -> anyhow::Result<String> {
        let mut command = self.command("psql");
        command
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"])
            .args(["-d", database, "-f", "-"]);
        output(command, script)
    }

    /// The embedded server lets this very user in over its socket, as its administrator.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(installed(program));
        command
            .arg("-h")
            .arg(&self.socket)
            .args(["-p", "5432", "-U", "kith"])
            .current_dir("/");
        command
    }
}

/// Runs a program with this on its standard input; what it prints before it has read all of it is little.
fn output(mut command: Command, input: &str) -> anyhow::Result<String> {
    let program = command.get_program().to_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("running {}", program.display()))?;
    let written = child
        .stdin
        .take()
        .map_or(Ok(()), |mut stdin| stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output()?;
    ensure!(
        output.status.success(),
        "{}: {}",
        program.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    written?;
    Ok(String::from_utf8(output.stdout)?)
}
