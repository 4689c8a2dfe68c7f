//! The report of many runs, as Markdown: which faults with which seeds, what came of them, and for every broken invariant
//! the lines of the history around it.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use crate::{
    checker::{Finding, INVARIANTS, percentile, times},
    history::{Entry, What},
    scene::Outcome,
};

/// Findings of one invariant that are shown of a run; the others are counted.
const SHOWN: usize = 3;
/// Lines of the history around a finding.
const LINES: usize = 12;

/// The figures of a run.
#[derive(Debug, Default)]
struct Figures {
    said: usize,
    acknowledged: usize,
    refused: usize,
    unknown: usize,
    received: usize,
    memberships: usize,
    connections: usize,
    healed: Vec<u64>,
}

/// One line about a run, for the terminal.
pub fn line(outcome: &Outcome) -> String {
    let figures = Figures::of(&outcome.entries);
    let verdict = if outcome.findings.is_empty() {
        "ok    "
    } else {
        "BROKEN"
    };
    let broken = by_invariant(&outcome.findings);
    let broken: Vec<_> = broken
        .iter()
        .map(|(name, all)| format!("{name}×{}", all.len()))
        .collect();
    format!(
        "{verdict} {:<4} seed {:<4} {:>3} s  said {:>5}  received {:>6}  memberships {:>3}  healed {} ms  {}",
        outcome.plan.fault.id,
        outcome.plan.seed,
        outcome.took.as_secs(),
        figures.said,
        figures.received,
        figures.memberships,
        figures.longest_healing(),
        broken.join(" ")
    )
}

/// Writes the report.
pub fn write(outcomes: &[Outcome], path: &Path) -> anyhow::Result<()> {
    Ok(std::fs::write(path, markdown(outcomes))?)
}

/// The report as text.
pub fn markdown(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    let broken = outcomes
        .iter()
        .filter(|outcome| !outcome.findings.is_empty())
        .count();
    let total: Vec<Figures> = outcomes
        .iter()
        .map(|outcome| Figures::of(&outcome.entries))
        .collect();
    let sum = |of: fn(&Figures) -> usize| total.iter().map(of).sum::<usize>();
    let _ = writeln!(
        text,
        "# Faults\n\n{} runs, {broken} broken. Said {}, of which acknowledged {}; {} attempts with an unknown outcome; \
         {} events applied by devices; {} changes of membership; {} connections.\n",
        outcomes.len(),
        sum(|it| it.said),
        sum(|it| it.acknowledged),
        sum(|it| it.unknown),
        sum(|it| it.received),
        sum(|it| it.memberships),
        sum(|it| it.connections),
    );
    text.push_str(
        "| fault | seed | verdict | said | acknowledged | refused for good | unknown attempts | applied | memberships | connections | healed p95 / last, ms | s |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (outcome, figures) in outcomes.iter().zip(&total) {
        let broken: Vec<_> = by_invariant(&outcome.findings).into_keys().collect();
        let verdict = if broken.is_empty() {
            "ok".to_owned()
        } else {
            format!("**{}**", broken.join(" "))
        };
        let _ = writeln!(
            text,
            "| {} {} | {} | {verdict} | {} | {} | {} | {} | {} | {} | {} | {} / {} | {} |",
            outcome.plan.fault.id,
            outcome.plan.fault.title,
            outcome.plan.seed,
            figures.said,
            figures.acknowledged,
            figures.refused,
            figures.unknown,
            figures.received,
            figures.memberships,
            figures.connections,
            percentile(&figures.healed, 95).unwrap_or(0),
            figures.longest_healing(),
            outcome.took.as_secs(),
        );
    }
    demands(&mut text, outcomes);
    let broken = outcomes
        .iter()
        .filter(|outcome| !outcome.findings.is_empty());
    for outcome in broken {
        broken_run(&mut text, outcome);
    }
    invariants(&mut text);
    text
}

/// What each fault demands beyond the invariants, with what was measured.
fn demands(text: &mut String, outcomes: &[Outcome]) {
    text.push_str("\n## What the faults themselves demand\n\n| fault | seed | demand | holds |\n|---|---|---|---|\n");
    for outcome in outcomes {
        for entry in &outcome.entries {
            if let What::Extra {
                text: demand,
                holds,
            } = &entry.what
            {
                let holds = if *holds { "yes" } else { "**no**" };
                let (id, seed) = (outcome.plan.fault.id, outcome.plan.seed);
                let _ = writeln!(text, "| {id} | {seed} | {demand} | {holds} |");
            }
        }
    }
}

fn invariants(text: &mut String) {
    text.push_str("\n## The invariants\n\n| | |\n|---|---|\n");
    for (name, sentence) in INVARIANTS {
        let _ = writeln!(text, "| {name} | {sentence} |");
    }
}

fn broken_run(text: &mut String, outcome: &Outcome) {
    let plan = &outcome.plan;
    let _ = writeln!(
        text,
        "\n## {} {}, seed {}\n\nHistory: `{}`. Again: `kith-faults run --fault {} --seed {}`.",
        plan.fault.id,
        plan.fault.title,
        plan.seed,
        plan.folder.join("history.jsonl").display(),
        plan.fault.id,
        plan.seed
    );
    for (invariant, findings) in by_invariant(&outcome.findings) {
        let sentence = INVARIANTS.iter().find(|(name, _)| *name == invariant);
        let sentence = sentence.map_or("", |(_, sentence)| sentence);
        let _ = writeln!(
            text,
            "\n### {invariant}: {sentence} ({} findings)",
            findings.len()
        );
        for finding in findings.iter().take(SHOWN) {
            let at = finding
                .at
                .map_or(String::new(), |at| format!(" (at {at} ms)"));
            let _ = writeln!(text, "\n- {}{at}\n", finding.text);
            for line in around(finding, &outcome.entries) {
                let _ = writeln!(text, "      {line}");
            }
        }
    }
}

/// The lines that name what a finding names, those nearest to it in time; and the faults, which give them their place.
fn around(finding: &Finding, entries: &[Entry]) -> Vec<String> {
    let mut lines: Vec<(u64, String)> = Vec::new();
    for entry in entries {
        let Ok(line) = serde_json::to_string(entry) else {
            continue;
        };
        let is_fault = matches!(entry.what, What::Fault { .. } | What::Heal);
        if is_fault || finding.keys.iter().any(|key| line.contains(key)) {
            lines.push((entry.at, line));
        }
    }
    if let Some(at) = finding.at {
        lines.sort_by_key(|(when, _)| when.abs_diff(at));
    }
    lines.truncate(LINES);
    lines.sort_by_key(|(when, _)| *when);
    lines.into_iter().map(|(_, line)| line).collect()
}

fn by_invariant(findings: &[Finding]) -> BTreeMap<&'static str, Vec<&Finding>> {
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for finding in findings {
        all.entry(finding.invariant).or_default().push(finding);
    }
    all
}

impl Figures {
    fn of(entries: &[Entry]) -> Self {
        let mut figures = Self {
            healed: times(entries),
            ..Self::default()
        };
        figures.healed.sort_unstable();
        let mut acknowledged = std::collections::HashSet::new();
        for entry in entries {
            match &entry.what {
                What::Invoke { .. } => figures.said += 1,
                What::Ok { client_id, .. } => {
                    acknowledged.insert(client_id);
                }
                What::Fail { .. } => figures.refused += 1,
                What::Unknown { .. } => figures.unknown += 1,
                What::Recv { .. } => figures.received += 1,
                What::Member { .. } => figures.memberships += 1,
                What::Up { .. } => figures.connections += 1,
                _ => {}
            }
        }
        figures.acknowledged = acknowledged.len();
        figures
    }

    fn longest_healing(&self) -> u64 {
        self.healed.last().copied().unwrap_or(0)
    }
}
