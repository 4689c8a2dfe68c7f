//! 200 messages a second in rooms of 10, and everybody reads what they hear: what positions cost, and how long they take.

use super::{Bench, rooms_of_ten};
use crate::{
    findings::{Bar, Kind, Plot, Row, Section},
    load::Pace,
    numbers::float,
};

const PER_S: f64 = 200.0;

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Section> {
    let runs = rooms_of_ten::run_alone(bench, "everybody reads", Pace::Reading(PER_S)).await?;

    let (p50, p99) = (
        runs.median(|outcome| outcome.read_p50_ms),
        runs.median(|outcome| outcome.read_p99_ms),
    );
    let mut rows = vec![
        Row::of(
            "reads answered",
            runs.median(|outcome| outcome.reads_per_s),
            "/s",
        ),
        Row::of("read to answer, p50", p50, "ms"),
        Row::of("read to answer, p99", p99, "ms"),
        Row::of(
            "CPU of everything for each read, the messages with it",
            runs.median(|outcome| 1e6 * outcome.cores.served() / outcome.reads_per_s),
            "µs",
        ),
        Row::of(
            "reads refused and repeated",
            runs.median(|outcome| float(outcome.reads_refused)),
            "",
        ),
    ];
    rows.extend(runs.common());
    Ok(Section {
        title: "200 messages a second in rooms of 10, and everybody reads them".to_owned(),
        about: "Each of 200 people says how far they have read whenever they heard more and the last answer is there. At the end everybody's position must be their room's head."
            .to_owned(),
        rows,
        tables: vec![runs.table("Every run")],
        plots: vec![Plot::Bars {
            title: "Read to answer".to_owned(),
            unit: "ms".to_owned(),
            bars: vec![
                Bar::of("p50", Kind::Kith, p50),
                Bar::of("p99", Kind::Kith, p99),
            ],
        }],
        profile: runs.profile,
        ..Section::default()
    })
}
