//! One run: workload after workload, the report written again after each, so that what was measured stays when the next one fails.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, ensure};
use clap::{Args, ValueEnum as _};
use kith_clock::Clock;

use crate::{
    findings::{Findings, Row, Section},
    pages,
    workloads::{Bench, Plan, Workload},
};

const FINDINGS: &str = "findings.json";

/// What to measure, and how.
#[derive(Args)]
pub(crate) struct Options {
    /// Only these, with commas; everything when absent.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    only: Vec<Workload>,
    /// How long each run of a load is; there are three of each, and its warm-up.
    #[arg(long, value_name = "SECONDS", default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// One run of a second each with small sizes: to see that everything works.
    #[arg(long)]
    quick: bool,
    /// Adds to the report that is there already, and compares with its limits.
    #[arg(long)]
    keep: bool,
    /// No profiles.
    #[arg(long)]
    no_profile: bool,
    /// Where the report goes.
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    report: PathBuf,
}

/// Measures, and fails at the end when something could not be.
pub(crate) async fn run(kith: PathBuf, options: &Options) -> anyhow::Result<()> {
    std::fs::create_dir_all(&options.report)
        .with_context(|| format!("making {}", options.report.display()))?;
    let place = options.report.join(FINDINGS);
    let findings = if options.keep && place.exists() {
        Findings::read(&place)?
    } else {
        Findings::default()
    };
    let plan = if options.quick {
        Plan::quick()
    } else {
        Plan::full(options.seconds)
    };
    let mut bench = Bench {
        kith,
        plan: Plan {
            profile: !options.no_profile,
            ..plan
        },
        findings,
    };
    let wanted = if options.only.is_empty() {
        Workload::value_variants()
    } else {
        options.only.as_slice()
    };
    let mut failed = 0;
    let all = Workload::value_variants();
    for workload in all.iter().filter(|workload| wanted.contains(workload)) {
        failed += usize::from(!one(&mut bench, *workload, &options.report).await?);
    }
    say(&format!(
        "the report is {}",
        options.report.join("index.html").display()
    ))?;
    ensure!(failed == 0, "{failed} workloads failed");
    Ok(())
}

/// Measures one and writes the report; false when it failed, which the report says.
async fn one(bench: &mut Bench, workload: Workload, folder: &Path) -> anyhow::Result<bool> {
    let id = name(workload);
    say(&format!("{id}:"))?;
    let begin = Instant::now();
    let (section, is_well) = match bench.measure(workload).await {
        Ok(section) => (section, true),
        Err(error) => (failure(&id, &error), false),
    };
    let runs = bench.plan.span.measured.as_secs();
    let section = Section {
        id,
        taken: format!(
            "Taken {}; runs of {runs} s; {} s in all.",
            Clock::system().now().format("%Y-%m-%d %H:%M UTC"),
            begin.elapsed().as_secs()
        ),
        notes: notes(bench, &section),
        ..section
    };
    for row in &section.rows {
        say(&line(row))?;
    }
    bench.findings.add(section);
    bench
        .findings
        .sections
        .sort_by_key(|section| place(&section.id));
    bench.findings.write(&folder.join(FINDINGS))?;
    pages::write(folder, &bench.findings)?;
    Ok(is_well)
}

fn failure(id: &str, error: &anyhow::Error) -> Section {
    let row = Row {
        aim: Some(crate::findings::Aim {
            text: "runs to its end".to_owned(),
            is_met: false,
        }),
        ..Row::text("failed", format!("{error:#}"))
    };
    Section {
        title: id.to_owned(),
        rows: vec![row],
        ..Section::default()
    }
}

fn notes(bench: &Bench, section: &Section) -> Vec<String> {
    let mut notes = section.notes.clone();
    if bench.plan.quick {
        notes.push("A quick run of small sizes: its figures mean nothing.".to_owned());
    }
    if bench.plan.profile && section.profile.is_none() {
        notes.push(
            "No profile: this part is none of Kith, or `perf` is not here or may not look."
                .to_owned(),
        );
    }
    notes
}

fn name(workload: Workload) -> String {
    let value = workload.to_possible_value();
    value
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}

/// In the report sections stand in the order of the workloads, whenever they were measured.
fn place(id: &str) -> usize {
    let all = Workload::value_variants().iter();
    all.map(|workload| name(*workload))
        .position(|name| name == id)
        .unwrap_or(usize::MAX)
}

fn line(row: &Row) -> String {
    let aim = row.aim.as_ref().map(|aim| {
        let met = if aim.is_met { "met" } else { "NOT MET" };
        format!("   [{}: {met}]", aim.text)
    });
    format!("  {}: {}{}", row.what, row.figure, aim.unwrap_or_default())
}

fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
