//! One room of 500 at saturation, beside a bare server with the same load.

use super::{Bench, runs::Runs};
use crate::{
    crowd::Crowd,
    findings::{Bar, Kind, Plot, Row, Section},
    load::{Load, Pace},
};

/// Who is in the room; all of them send.
pub(crate) const SEATS: usize = 500;
/// When the bench itself is tried.
pub(crate) const QUICK_SEATS: usize = 100;

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Section> {
    let seats = bench.plan.size(SEATS, QUICK_SEATS);
    let mut crowd = Crowd::gather(&bench.kith, seats).await?;
    let rooms = crowd.rooms(1, seats)?;
    let mut load = Load::connect(&rooms, seats, crowd.parties())?;
    let name = format!("one room of {seats}");
    let runs = Runs::take(bench, &name, &mut load, Pace::OwnCopy, &crowd.postgres)?;
    drop(load);
    crowd.stop().await?;

    let mut section = section(bench, &runs, seats);
    section.profile = runs.profile;
    Ok(section)
}

fn section(bench: &Bench, runs: &Runs, seats: usize) -> Section {
    let delivered = runs.median(|outcome| outcome.delivered_per_s);
    let mut rows = vec![Row::least(
        "deliveries to the others",
        delivered,
        "/s",
        450_000.0,
    )];
    let mut bars = vec![Bar::of("Kith", Kind::Kith, delivered)];
    if let Some(limit) = bench.findings.base("raw.delivered") {
        let what = "of the bare server in the same load";
        rows.push(Row::least(what, delivered / limit, "×", 0.35));
        bars.push(Bar::of("bare server, a task a socket", Kind::Limit, limit));
    }
    if let Some(limit) = bench.findings.base("raw.one_loop") {
        bars.push(Bar::of("bare server, one loop", Kind::Limit, limit));
    }
    let acknowledged = runs.median(|outcome| outcome.acknowledged_per_s);
    let answer = runs.median(|outcome| outcome.answer_p50_ms);
    let cost = runs.median(|outcome| outcome.per_delivery_us);
    rows.extend([
        Row::of("durable messages acknowledged", acknowledged, "/s"),
        Row::of("send to acknowledgement, p50", answer, "ms"),
        Row::of("CPU of everything for each delivery", cost, "µs"),
    ]);
    rows.extend(runs.common());
    Section {
        title: format!("One room of {seats} at saturation"),
        about: "Everybody sends 200 bytes as soon as their last message is acknowledged and has come back to them like to everybody.".to_owned(),
        rows,
        tables: vec![runs.table("Every run")],
        plots: vec![Plot::Bars {
            title: "Deliveries a second".to_owned(),
            unit: "deliveries/s".to_owned(),
            bars,
        }],
        ..Section::default()
    }
}
