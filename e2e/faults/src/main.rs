//! `kith-faults`: runs faults against real nodes and says what did not hold.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use futures::{StreamExt as _, stream};
use kith_faults::{
    Mode, Outcome, Plan,
    checker::{self, Bounds},
    dump::Dump,
    faults::{FAULTS, Fault, find},
    history, play, report,
    seeded::{self, BUGS, Bug},
};

/// Breaks a running Kith in many ways and checks that nothing is lost, repeated, reordered or leaked.
///
/// Every run starts its own PostgreSQL, Redis and nodes, lets people with devices talk and change memberships, makes a
/// fault happen, heals it, waits for rest, and then compares what every device saw with what the database holds.
/// Histories (JSON lines), database dumps and the report are kept.
#[derive(Parser)]
#[command(name = "kith-faults", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run faults, and write a report.
    Run(Runs),
    /// Prove that the checker sees bugs: put nine of them in, one after the other, and run until each is found.
    Prove(Proof),
    /// List the faults.
    List,
    /// Check a history again, from the folder of a run.
    Check {
        /// The folder, with `history.jsonl` and `dump.json` in it.
        folder: PathBuf,
    },
}

#[derive(Args)]
struct Runs {
    /// Which faults, such as `F1,F3`; all of them when absent.
    #[arg(long, value_delimiter = ',', value_name = "FAULTS")]
    fault: Vec<String>,
    /// How many seeds each fault runs with.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    seeds: u64,
    /// The first seed; the others count on from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Small worlds, short traffic, no bounds on time but deadlines: what CI runs.
    #[arg(long)]
    quick: bool,
    /// Only the faults that CI runs.
    #[arg(long)]
    ci: bool,
    /// How many runs go on at once: most of a run is waiting. Those that measure the machine are alone all the same.
    #[arg(long, default_value_t = 1, value_name = "RUNS")]
    at_once: usize,
    /// Where histories and the report go.
    #[arg(long, default_value = "target/faults", value_name = "FOLDER")]
    out: PathBuf,
    /// The kith binary; the one beside this program when absent.
    #[arg(long, value_name = "PATH")]
    kith: Option<PathBuf>,
}

#[derive(Args)]
struct Proof {
    /// Which bugs; all of them when absent.
    #[arg(long, value_delimiter = ',', value_name = "BUGS")]
    bug: Vec<String>,
    /// Where histories go.
    #[arg(long, default_value = "target/faults/seeded", value_name = "FOLDER")]
    out: PathBuf,
    /// The kith binary; the one beside this program when absent.
    #[arg(long, value_name = "PATH")]
    kith: Option<PathBuf>,
}

/// A bug that takes longer to find counts as not found.
const LONGEST_PROOF: Duration = Duration::from_mins(5);

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Run(runs) => run(&runs).await,
        Command::Prove(proof) => prove(&proof).await,
        Command::List => {
            for fault in FAULTS {
                let ci = if fault.in_ci { "  (CI)" } else { "" };
                say(&format!("{:<4} {}{ci}", fault.id, fault.title))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Check { folder } => check(&folder),
    }
}

async fn run(runs: &Runs) -> anyhow::Result<ExitCode> {
    let (alone, together): (Vec<Plan>, Vec<Plan>) =
        plans(runs)?.into_iter().partition(|plan| plan.fault.alone);
    let report = runs.out.join("report.md");
    let mut outcomes = Vec::new();
    let mut beside = stream::iter(together)
        .map(play)
        .buffer_unordered(runs.at_once);
    while let Some(outcome) = beside.next().await {
        took_place(outcome, &mut outcomes, &report)?;
    }
    for plan in alone {
        took_place(play(plan).await, &mut outcomes, &report)?;
    }
    say(&format!("report: {}", report.display()))?;
    let is_well = |outcome: &Outcome| outcome.findings.is_empty();
    if outcomes.iter().all(is_well) {
        return Ok(ExitCode::SUCCESS);
    }
    for outcome in outcomes.iter().filter(|outcome| !is_well(outcome)) {
        for finding in outcome.findings.iter().take(5) {
            say(&format!(
                "{} seed {}: {}: {}",
                outcome.plan.fault.id, outcome.plan.seed, finding.invariant, finding.text
            ))?;
        }
    }
    Ok(ExitCode::FAILURE)
}

fn plans(runs: &Runs) -> anyhow::Result<Vec<Plan>> {
    let kith = binary(runs.kith.as_deref())?;
    let mode = if runs.quick { Mode::Quick } else { Mode::Full };
    let mut plans = Vec::new();
    for seed in runs.seed..runs.seed + runs.seeds {
        for fault in chosen(runs)? {
            plans.push(Plan {
                fault,
                seed,
                bug: None,
                mode,
                folder: runs.out.join(format!("{}-{seed}", fault.id)),
                kith: kith.clone(),
            });
        }
    }
    Ok(plans)
}

/// Tells of a run. The report is written after each: one of half of them is better than none.
fn took_place(outcome: Outcome, outcomes: &mut Vec<Outcome>, report: &Path) -> anyhow::Result<()> {
    say(&report::line(&outcome))?;
    outcomes.push(outcome);
    let number = |outcome: &Outcome| FAULTS.iter().position(|it| it.id == outcome.plan.fault.id);
    outcomes.sort_by_key(|outcome| (number(outcome), outcome.plan.seed));
    report::write(outcomes, report)
}

fn binary(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => std::env::current_exe()?.with_file_name("kith"),
    };
    anyhow::ensure!(
        path.exists(),
        "{} is not there; build it, or name another with --kith",
        path.display()
    );
    Ok(path)
}

async fn prove(proof: &Proof) -> anyhow::Result<ExitCode> {
    let kith = binary(proof.kith.as_deref())?;
    let named: Vec<_> = proof
        .bug
        .iter()
        .map(|name| seeded::find(name).with_context(|| format!("there is no bug {name}")))
        .collect::<anyhow::Result<_>>()?;
    let bugs: Vec<&'static Bug> = if named.is_empty() {
        BUGS.iter().collect()
    } else {
        named
    };
    let mut missed = 0;
    for bug in bugs {
        let fault = find(bug.fault).context("the fault of a bug")?;
        let began = Instant::now();
        let mut found = None;
        let mut seed = 0;
        while found.is_none() && began.elapsed() < LONGEST_PROOF {
            seed += 1;
            let plan = Plan {
                fault,
                seed,
                bug: Some(bug),
                mode: Mode::Quick,
                folder: proof.out.join(format!("{}-{seed}", bug.name)),
                kith: kith.clone(),
            };
            let outcome = play(plan).await;
            // What the harness itself stumbles over proves nothing of the checker.
            found = outcome
                .findings
                .into_iter()
                .find(|it| it.invariant != "I14");
        }
        let took = began.elapsed().as_secs();
        if let Some(it) = found {
            say(&format!(
                "found  {:<20} {took:>3} s, seed {seed}, under {}: {} {}",
                bug.name, bug.fault, it.invariant, it.text
            ))?;
        } else {
            missed += 1;
            say(&format!(
                "MISSED {:<20} {took:>3} s: {}",
                bug.name, bug.title
            ))?;
        }
    }
    Ok(if missed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn chosen(runs: &Runs) -> anyhow::Result<Vec<&'static Fault>> {
    let named: Vec<_> = runs
        .fault
        .iter()
        .map(|id| {
            find(id)
                .with_context(|| format!("there is no fault {id}; `kith-faults list` lists them"))
        })
        .collect::<anyhow::Result<_>>()?;
    let all = if named.is_empty() {
        FAULTS.iter().collect()
    } else {
        named
    };
    Ok(all
        .into_iter()
        .filter(|fault| fault.in_ci || !runs.ci)
        .collect())
}

fn check(folder: &Path) -> anyhow::Result<ExitCode> {
    let entries = history::read(&folder.join("history.jsonl"))?;
    let dump = Dump::read(&folder.join("dump.json"))?;
    let bounds = Bounds {
        healed_p95_ms: 5_000,
        healed_ms: 10_000,
    };
    let findings = checker::check(&entries, &dump, &bounds);
    for finding in &findings {
        say(&format!("{}: {}", finding.invariant, finding.text))?;
    }
    Ok(if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}
