//! `kith-bench`: measures a release build of `kith` on this machine, over real WebSockets on the loopback, beside the
//! same Postgres without Kith. Prints figures and ratios of one run; verifies what it counts.

mod client;
mod idle;
mod latency;
mod people;
mod pgbench;
mod postgres;
mod process;
mod report;
mod sends;
mod stage;

use std::{path::PathBuf, time::Duration};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

/// Measures Kith on this machine.
///
/// Every measurement starts the release binary itself, with limits off, listening on the loopback only, and ends by
/// itself. Figures of one machine do not compare with those of another: the ratios do. Nothing else should run
/// beside it, because driver, server and Postgres share the processors.
#[derive(Parser)]
#[command(name = "kith-bench", version)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args, Clone)]
struct Common {
    /// The kith binary to measure; the one beside this program when absent.
    #[arg(long, global = true, value_name = "PATH")]
    kith: Option<PathBuf>,
    /// How long each load lasts.
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
}

#[derive(Subcommand, PartialEq)]
enum Command {
    /// Durable sends: 200 senders in 20 rooms of 10, one message in flight each, every message delivered to the nine
    /// others. Verifies that nothing is lost and that every socket sees its room in the order of `seq`.
    Sends,
    /// The same in one room of 10 with 20 messages in flight each: all wait for the same row.
    HotRoom,
    /// Send to receive on an idle machine: one sender, one room of 10, 50 messages a second.
    Latency,
    /// The idle process: memory without its Postgres, and start to ready on existing data.
    Idle,
    /// The same Postgres without Kith: BEGIN, UPDATE … RETURNING, INSERT, COMMIT under pgbench at several client
    /// counts, in a scratch database. Its best is the ceiling of a design without batching.
    Pgbench,
    /// Search and suggestions in a large generated community, at one client. Takes many minutes, most of them to fill the database; not part of
    /// `all`.
    People {
        /// People.
        #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_000..=5_000_000))]
        users: u32,
        /// Friendships.
        #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(2_000..=5_000_000))]
        friendships: u32,
        /// Keeps the filled database in this folder (its path is short: at most 60 bytes), and measures the one that an
        /// earlier run has left there.
        #[arg(long, value_name = "DIR")]
        keep: Option<PathBuf>,
        /// Only fills that folder.
        #[arg(long, requires = "keep")]
        fill: bool,
    },
    /// Everything above but `people` in one run, with ratios.
    All {
        /// Also writes the table to this Markdown file.
        #[arg(long, value_name = "PATH")]
        report: Option<PathBuf>,
    },
}

// One thread: the driver must not take both processors from what it measures.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let kith = binary(&cli.common)?;
    let duration = Duration::from_secs(cli.common.seconds);
    let mut report = report::Report::default();
    if let Command::People {
        users,
        friendships,
        keep,
        fill,
    } = &cli.command
    {
        let size = people::Size {
            users: *users as usize,
            friendships: *friendships as usize,
        };
        let community = people::Community::in_folder(&kith, keep.as_deref(), size).await?;
        if !*fill {
            report.people = Some(people::measure(&community).await?);
        }
        community.stop().await?;
        return report.print();
    }
    let mut node = stage::node(&kith).await;
    let wants = |part: &Command| matches!(cli.command, Command::All { .. }) || &cli.command == part;
    if wants(&Command::Sends) {
        report.sends = Some(sends::measure(&node, sends::ROOMS_OF_TEN, duration).await?);
    }
    if wants(&Command::HotRoom) {
        report.hot_room = Some(sends::measure(&node, sends::HOT_ROOM, duration).await?);
    }
    if wants(&Command::Pgbench) {
        report.ceiling = Some(pgbench::measure(&node, duration)?);
    }
    if wants(&Command::Latency) {
        report.latency = Some(latency::measure(&node, duration).await?);
    }
    if wants(&Command::Idle) {
        let (idle, restarted) = idle::measure(node).await?;
        (report.idle, node) = (Some(idle), restarted);
    }
    let end = node.stop().await;
    anyhow::ensure!(end.success(), "kith ended with {end}");
    if let Command::All { report: Some(path) } = &cli.command {
        std::fs::write(path, report.markdown())
            .with_context(|| format!("writing {}", path.display()))?;
    }
    report.print()
}

fn binary(common: &Common) -> anyhow::Result<PathBuf> {
    let path = match &common.kith {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("kith"),
    };
    anyhow::ensure!(
        path.exists(),
        "{} is not there; build it with `cargo build --release -p kith` or name another with --kith",
        path.display()
    );
    Ok(path)
}
