//! `kith-bench`: measures a release build of `kith` on this machine, over real WebSockets on the loopback, beside what the machine could do at most:
//! the same Postgres, bare WebSockets and Redis without Kith. One run, one report; it verifies what it counts.

mod client;
mod cost;
mod crowd;
mod driver;
mod feed;
mod findings;
mod limits;
mod load;
mod numbers;
mod pages;
mod people;
mod postgres;
mod process;
mod profile;
mod report;
mod run;
mod stage;
mod storm;
mod workloads;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Measures Kith on this machine.
///
/// Everything that is measured is started here, with limits off, listens on the loopback only, and ends by itself. Figures of one machine do not
/// compare with those of another: the ratios do. Nothing else should run beside it, because driver, server and Postgres share the processors.
#[derive(Parser)]
#[command(name = "kith-bench", version)]
struct Cli {
    /// The kith binary to measure; the one beside this program when absent.
    #[arg(long, global = true, value_name = "PATH")]
    kith: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures workloads and writes the report: index.html, report.md, and findings.json for later parts.
    Run(run::Options),
    /// Search and suggestions in a large generated community, at one client. Takes many minutes, most of them to fill the database.
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
    /// A node with very many sockets dies (or leaves) under load, and all of them come to the other one: when they are live and at
    /// head again, and what that costs the database. Verifies that nothing is lost.
    Storm(storm::Size),
    /// How fast a backend reads the feed: a log of many messages from its beginning, acknowledged answer by answer; and how far it is behind while
    /// people talk.
    Feed {
        /// Messages in the log.
        #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1_000..=5_000_000))]
        messages: u32,
        /// Sends a second, for ten seconds, while it reads along.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(20..=50_000))]
        sends: u32,
    },
    /// The bare WebSocket server that `run` compares with; it starts this itself.
    #[command(hide = true)]
    RawServer {
        #[arg(value_enum)]
        shape: limits::raw::Shape,
    },
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    if let Command::RawServer { shape } = cli.command {
        return limits::raw::serve(shape);
    }
    // One thread: the driver must not take both processors from what it measures.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(measure(cli))
}

async fn measure(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Run(options) => run::run(binary(cli.kith)?, &options).await,
        Command::People {
            users,
            friendships,
            keep,
            fill,
        } => {
            let size = people::Size {
                users: users as usize,
                friendships: friendships as usize,
            };
            let kith = binary(cli.kith)?;
            let community = people::Community::in_folder(&kith, keep.as_deref(), size).await?;
            let mut report = report::Report::default();
            if !fill {
                report.people = Some(people::measure(&community).await?);
            }
            community.stop().await?;
            report.print()
        }
        Command::Storm(size) => storm::run(&binary(cli.kith)?, &size).await,
        Command::Feed { messages, sends } => {
            feed::run(&binary(cli.kith)?, messages as usize, sends).await
        }
        Command::RawServer { shape } => limits::raw::serve(shape),
    }
}

fn binary(given: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let path = match given {
        Some(path) => path,
        None => std::env::current_exe()?.with_file_name("kith"),
    };
    anyhow::ensure!(
        path.exists(),
        "{} is not there; build it with `cargo build --release -p kith` or name another with --kith",
        path.display()
    );
    Ok(path)
}
