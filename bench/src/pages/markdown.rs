//! The report as a text.

use std::fmt::Write as _;

use super::{CAVEAT, verdict};
use crate::findings::{Findings, Profile, Row, Section, Table};

/// All of it.
pub(super) fn page(findings: &Findings, machine: &str) -> String {
    let mut text = format!("# Kith, measured\n\n{machine}. {CAVEAT}\n\n");
    let aims = findings.sections.iter().flat_map(|section| {
        let with_aim = section.rows.iter().filter(|row| row.aim.is_some());
        with_aim.map(move |row| Row {
            what: format!("{}: {}", section.title, row.what),
            ..row.clone()
        })
    });
    let aims: Vec<Row> = aims.collect();
    if !aims.is_empty() {
        text.push_str("## Aims\n\n");
        rows(&mut text, &aims);
    }
    for section in &findings.sections {
        self::section(&mut text, section);
    }
    text
}

// Writing to a string cannot fail.
fn section(text: &mut String, section: &Section) {
    let _ = writeln!(
        text,
        "## {}\n\n{} {}\n",
        section.title, section.about, section.taken
    );
    if !section.rows.is_empty() {
        rows(text, &section.rows);
    }
    for table in &section.tables {
        let _ = writeln!(text, "{}:\n", table.title);
        self::table(text, table);
    }
    for note in &section.notes {
        let _ = writeln!(text, "{note}\n");
    }
    if let Some(profile) = &section.profile {
        self::profile(text, profile);
    }
}

fn rows(text: &mut String, rows: &[Row]) {
    text.push_str("| what | figure | aim | met |\n| --- | ---: | --- | --- |\n");
    for row in rows {
        let (aim, met) = verdict(row);
        let _ = writeln!(text, "| {} | {} | {aim} | {met} |", row.what, row.figure);
    }
    text.push('\n');
}

fn table(text: &mut String, table: &Table) {
    let _ = writeln!(text, "| {} |", table.head.join(" | "));
    let _ = writeln!(text, "|{}", " --- |".repeat(table.head.len()));
    for row in &table.rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text.push('\n');
}

fn profile(text: &mut String, profile: &Profile) {
    let processes: Vec<String> = profile
        .processes
        .iter()
        .map(|(share, process)| format!("{process} {share:.0} %"))
        .collect();
    let _ = writeln!(
        text,
        "Where the time goes, by samples of the whole machine: {}.\n",
        processes.join(", ")
    );
    text.push_str("| share | process | function |\n| ---: | --- | --- |\n");
    for (share, process, function) in &profile.functions {
        let _ = writeln!(
            text,
            "| {share:.1} % | {process} | `{}` |",
            function.replace('|', "/")
        );
    }
    text.push('\n');
}
