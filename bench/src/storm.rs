//! A reconnect storm: two nodes on one Postgres and one Redis, thousands of sockets at the first, which ends under load. All of
//! its sockets come to the second, each with the backoff of the contract, and are counted when they are live and at head again.

mod cost;
mod device;
mod phone;
mod stage;
mod statements;
mod tally;

use std::{
    io::Write as _,
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use kith_e2e::{Node, Postgres, background};

use self::{cost::Cost, statements::Statements, tally::Shared};

/// What is steady is measured for this long.
const STEADY: Duration = Duration::from_secs(15);
/// All sockets are open so soon, or the machine is too small for them.
const OPENING: Duration = Duration::from_mins(2);
/// Devices as apps have them that are switched on at once: one that the first node refused would go to the second, and not lose it.
const ON_AT_ONCE: usize = 50;
/// Nobody waits longer for the last one.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long the last deliveries may take.
const LAST: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(20);
/// The aims: 99 % are live and at head so soon, at so many times the steady load of the database.
const AIM: Duration = Duration::from_secs(20);
const AIM_LOAD: f64 = 3.0;
/// From SIGTERM to the end.
const AIM_DRAIN: Duration = Duration::from_secs(30);

/// How large, and how the node ends.
#[derive(clap::Args, PartialEq)]
pub(crate) struct Size {
    /// Sockets at the node that ends; two a person, of which one is bare and one the SDK's.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(20..=50_000))]
    sockets: u32,
    /// Messages a second in all, in a hundred rooms.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    rate: u32,
    /// The node gets SIGTERM instead of SIGKILL.
    #[arg(long)]
    drain: bool,
    /// New sockets that a node lets in a second (`gateway.sockets_per_second`).
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pace: u32,
    /// Shows which statements the database ran the most.
    #[arg(long)]
    statements: bool,
}

/// Figures of one storm.
struct Storm {
    /// From the end to live and at head, rising.
    back: Vec<Duration>,
    steady: Cost,
    during: Cost,
    /// What ran in both.
    statements: [Statements; 2],
    /// From SIGTERM to the end of the process.
    drained: Option<Duration>,
}

impl Storm {
    /// When so many percent of all were back.
    fn back_at(&self, all: usize, percent: usize) -> Option<Duration> {
        let place = (all * percent).div_ceil(100).saturating_sub(1);
        self.back.get(place).copied()
    }
}

/// Measures one storm and prints it.
pub(crate) async fn run(kith: &Path, size: &Size) -> anyhow::Result<()> {
    let stage = stage::set(kith, size).await?;
    let shared = Arc::new(Shared::default());
    let mut tasks = Vec::new();
    let mut phones = stage.phones(&shared).into_iter();
    let mut on = 0;
    while phones.len() > 0 {
        for phone in phones.by_ref().take(ON_AT_ONCE) {
            // One that could not be switched on is missed below.
            tasks.push(background(async { drop(phone.live().await) }));
            on += 1;
        }
        until_live(&shared, on).await?;
    }
    for device in stage.devices(&shared) {
        tasks.push(background(device.live()));
    }
    until_live(&shared, size.sockets as usize).await?;
    for sender in stage.senders(&shared, size.rate).await? {
        tasks.push(background(sender.talk()));
    }
    let storm = measure(stage.first, &stage.second, &stage.postgres, (&shared, size)).await?;
    shared.quiet.store(true, Ordering::Relaxed);
    let behind = until(LAST, "everybody has everything", || shared.lacking() == 0).await;
    print(&storm, &shared, size)?;
    for task in tasks {
        task.abort();
    }
    behind?;
    shared.assert_sound()
}

async fn measure(
    mut first: Node,
    second: &Node,
    postgres: &Postgres,
    (shared, size): (&Arc<Shared>, &Size),
) -> anyhow::Result<Storm> {
    let before_all = Statements::so_far(postgres)?;
    let before = Cost::so_far(postgres, second)?;
    tokio::time::sleep(STEADY).await;
    let steady = Cost::so_far(postgres, second)? - before;
    let before_storm = Statements::so_far(postgres)?;
    let all = size.sockets as usize;
    let begin = Instant::now();
    shared.begin_storm(begin);
    let before = Cost::so_far(postgres, second)?;
    let drained = if size.drain {
        first.ask_to_stop();
        let end = first.ended_within(AIM_DRAIN).await;
        ensure!(end.success(), "kith ended with {end}");
        Some(begin.elapsed())
    } else {
        first.kill().await;
        None
    };
    // Those that do not make it are told apart below.
    let _ = until(PATIENCE, "all are back", || shared.back().len() >= all).await;
    let during = Cost::so_far(postgres, second)? - before;
    let after = Statements::so_far(postgres)?.since(&before_storm);
    let mut back = shared.back();
    back.sort_unstable();
    Ok(Storm {
        back,
        steady,
        during,
        statements: [before_storm.since(&before_all), after],
        drained,
    })
}

async fn until_live(shared: &Shared, count: usize) -> anyhow::Result<()> {
    let is_live = || shared.live.load(Ordering::Relaxed) >= count;
    until(OPENING, "all sockets are open", is_live).await
}

async fn until(
    patience: Duration,
    what: &str,
    mut holds: impl FnMut() -> bool,
) -> anyhow::Result<()> {
    let look = async {
        while !holds() {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(patience, look)
        .await
        .with_context(|| format!("not within {} s: {what}", patience.as_secs()))
}

fn print(storm: &Storm, shared: &Shared, size: &Size) -> anyhow::Result<()> {
    let all = size.sockets as usize;
    let [half, most, p99, last] = [50, 90, 99, 100].map(|share| storm.back_at(all, share));
    let within = |took: Option<Duration>, aim| mark(took.is_some_and(|took| took <= aim));
    let mut out = std::io::stdout().lock();
    writeln!(out, "sockets: {all}")?;
    writeln!(
        out,
        "live and at head: p50 {}, p90 {}, p99 {} ({}: at most 20 s), last {}",
        seconds(half),
        seconds(most),
        seconds(p99),
        within(p99, AIM),
        seconds(last)
    )?;
    writeln!(
        out,
        "of the bare half: attempts {}, refused with 503 {}",
        shared.attempts.load(Ordering::Relaxed),
        shared.refused.load(Ordering::Relaxed)
    )?;
    storm.steady.print(&mut out, "steady")?;
    storm.during.print(&mut out, "storm")?;
    let (steady, during) = (&storm.steady.load, &storm.during.load);
    let transactions = during.transactions() / steady.transactions();
    let statements = during.statements() / steady.statements();
    writeln!(
        out,
        "storm / steady: transactions {transactions:.2} ({}: at most 3), statements {statements:.2} ({})",
        mark(transactions <= AIM_LOAD),
        mark(statements <= AIM_LOAD)
    )?;
    if let Some(drained) = storm.drained {
        let (took, met) = (seconds(Some(drained)), within(Some(drained), AIM_DRAIN));
        writeln!(out, "SIGTERM to exit: {took} ({met}: at most 30 s)")?;
    }
    if size.statements {
        let [before, after] = &storm.statements;
        after.print(&mut out, during.seconds(), (before, steady.seconds()))?;
    }
    writeln!(out, "{}", shared.verdict())?;
    Ok(())
}

fn seconds(took: Option<Duration>) -> String {
    took.map_or("never".to_owned(), |took| {
        format!("{:.2} s", took.as_secs_f64())
    })
}

const fn mark(met: bool) -> &'static str {
    if met { "met" } else { "NOT MET" }
}
