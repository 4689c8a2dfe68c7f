//! Half of what `sends` reached, at a steady pace: how long a message takes when the machine is busy and not full.

use anyhow::Context as _;

use super::{Bench, rooms_of_ten};
use crate::{
    findings::{Row, Section},
    load::Pace,
};

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Section> {
    let full = bench
        .findings
        .base("sends.rate")
        .context("half of what? measure `sends` as well, or before with --keep")?;
    let pace = Pace::Steady(full / 2.0);
    let runs = rooms_of_ten::run_alone(bench, "half of saturation", pace).await?;

    let p99 = runs.median(|outcome| outcome.p99_ms);
    let mut rows = vec![Row::of(
        "messages acknowledged",
        runs.median(|outcome| outcome.acknowledged_per_s),
        "/s",
    )];
    if let Some(quiet) = bench.findings.base("latency.p99") {
        rows.push(Row::most(
            "of the p99 at 50 messages a second",
            p99 / quiet,
            "×",
            4.0,
        ));
    }
    rows.extend(runs.common());
    Ok(Section {
        title: "Half of saturation, steadily".to_owned(),
        about: "The rooms of 10 again, with half of the messages a second that they reached, whether or not earlier ones are answered.".to_owned(),
        rows,
        tables: vec![runs.table("Every run")],
        profile: runs.profile,
        ..Section::default()
    })
}
