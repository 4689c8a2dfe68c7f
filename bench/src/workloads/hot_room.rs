//! One room of 10, 20 messages in flight each: everything waits for the same row.

use super::{Bench, rooms_of_ten::SEATS, runs::Runs};
use crate::{
    crowd::Crowd,
    findings::{Bar, Kind, Plot, Row, Section},
    load::{Load, Pace},
};

const IN_FLIGHT: u32 = 20;

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Section> {
    let mut crowd = Crowd::gather(&bench.kith, SEATS).await?;
    let rooms = crowd.rooms(1, SEATS)?;
    let mut load = Load::connect(&rooms, SEATS, crowd.parties())?;
    let pace = Pace::InFlight(IN_FLIGHT);
    let runs = Runs::take(bench, "one hot room", &mut load, pace, &crowd.postgres)?;
    drop(load);
    crowd.stop().await?;

    let rate = runs.median(|outcome| outcome.acknowledged_per_s);
    let mut rows = vec![Row::least(
        "durable messages acknowledged",
        rate,
        "/s",
        15_000.0,
    )];
    let mut bars = vec![Bar::of("Kith", Kind::Kith, rate)];
    if let Some(limit) = bench.findings.base("postgres.hot.32") {
        let what = "of what pgbench stores in one room, 32 clients";
        rows.push(Row::least(what, rate / limit, "×", 5.0));
        bars.push(Bar::of(
            "one statement, one room, 32 clients",
            Kind::Limit,
            limit,
        ));
    }
    if let Some(limit) = bench.findings.base("postgres.batch_hot.1") {
        bars.push(Bar::of(
            "50 a statement, one room, 1 client",
            Kind::Limit,
            limit,
        ));
    }
    rows.extend(runs.common());
    Ok(Section {
        title: "One hot room of 10, 20 messages in flight each".to_owned(),
        about: "200 messages wait for the same room's row at any time. Their order must come out the same for everybody.".to_owned(),
        rows,
        tables: vec![runs.table("Every run")],
        plots: vec![Plot::Bars {
            title: "Messages stored a second in one room, beside Postgres alone".to_owned(),
            unit: "messages/s".to_owned(),
            bars,
        }],
        profile: runs.profile,
        ..Section::default()
    })
}
