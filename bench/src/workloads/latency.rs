//! 50 messages a second in rooms of 10: how long a message takes when the machine has time.

use super::{Bench, Plan, rooms_of_ten};
use crate::{
    findings::{Bar, Kind, Plot, Row, Section},
    load::Pace,
};

const PER_S: f64 = 50.0;
const RUNS: usize = 5;

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Section> {
    let plan = bench.plan;
    bench.plan = Plan {
        runs: if plan.quick { 1 } else { RUNS },
        ..plan
    };
    let runs = rooms_of_ten::run_alone(bench, "50 a second", Pace::Steady(PER_S)).await;
    bench.plan = plan;
    let runs = runs?;

    let (p50, p99) = (
        runs.median(|outcome| outcome.p50_ms),
        runs.median(|outcome| outcome.p99_ms),
    );
    bench.findings.set("latency.p99", p99);
    let answer = runs.median(|outcome| outcome.answer_p50_ms);
    let mut rows = vec![
        Row::most("send to receive, p50", p50, "ms", 1.5),
        Row::most("send to receive, p99", p99, "ms", 3.5),
        Row::of("send to acknowledgement, p50", answer, "ms"),
        runs.cost(),
    ];
    rows.extend(runs.checks());
    Ok(Section {
        title: "50 messages a second in rooms of 10".to_owned(),
        about: "200 people in 20 rooms, one of them says something every 20 ms. From the moment before the frame is written until one of the ten has read it; medians of the runs."
            .to_owned(),
        rows,
        tables: vec![runs.table("Every run")],
        plots: vec![Plot::Bars {
            title: "Send to receive".to_owned(),
            unit: "ms".to_owned(),
            bars: vec![
                Bar::of("p50", Kind::Kith, p50),
                Bar::of("p99", Kind::Kith, p99),
                Bar::of("aim, p50", Kind::Limit, 1.5),
                Bar::of("aim, p99", Kind::Limit, 3.5),
            ],
        }],
        profile: runs.profile,
        ..Section::default()
    })
}
