//! Rooms of 10 to 5,000: what a delivery costs must not grow with the room.

use super::{Bench, runs::Runs};
use crate::{
    crowd::Crowd,
    findings::{Line, Plot, Profile, Row, Section, Table},
    load::{Load, Pace},
    numbers::float_of,
};

/// Rooms, people in each, and how many of these send.
const SIZES: [(usize, usize, usize); 5] = [
    (20, 10, 10),
    (4, 50, 50),
    (1, 500, 500),
    (1, 1_000, 200),
    (1, 5_000, 100),
];
const QUICK_SIZES: [(usize, usize, usize); 3] = [(4, 10, 10), (1, 50, 50), (1, 200, 40)];
/// The two that are compared.
const COMPARED: (usize, usize) = (10, 500);

/// A size and what a delivery costs in it.
struct Cost {
    size: usize,
    delivery_us: f64,
    answer_ms: f64,
}

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Section> {
    let sizes: &[_] = if bench.plan.quick {
        &QUICK_SIZES
    } else {
        &SIZES
    };
    let people = sizes.iter().map(|(rooms, size, _)| rooms * size).max();
    let mut crowd = Crowd::gather(&bench.kith, people.unwrap_or_default()).await?;
    let (mut costs, mut tables, mut profile) = (Vec::new(), Vec::new(), None);
    for (count, size, senders) in sizes.iter().copied() {
        let rooms = crowd.rooms(count, size)?;
        let mut load = Load::connect(&rooms, senders, crowd.parties())?;
        let name = format!("rooms of {size}");
        let runs = Runs::take(bench, &name, &mut load, Pace::OwnCopy, &crowd.postgres)?;
        tables.push(runs.table(&format!("{count} × {size} people, {senders} of them send")));
        costs.push(Cost {
            size,
            delivery_us: runs.median(|outcome| outcome.per_delivery_us),
            answer_ms: runs.median(|outcome| outcome.answer_p50_ms),
        });
        profile = runs.profile.or(profile);
    }
    crowd.stop().await?;
    Ok(section(&costs, tables, profile))
}

fn section(costs: &[Cost], tables: Vec<Table>, profile: Option<Profile>) -> Section {
    let of = |size: usize| costs.iter().find(|cost| cost.size == size);
    let mut rows: Vec<Row> = costs
        .iter()
        .map(|cost| {
            Row::of(
                format!("CPU for each delivery, rooms of {}", cost.size),
                cost.delivery_us,
                "µs",
            )
        })
        .collect();
    if let (Some(small), Some(large)) = (of(COMPARED.0), of(COMPARED.1)) {
        let ratio = large.delivery_us / small.delivery_us;
        rows.push(Row::most(
            "room of 500 against rooms of 10",
            ratio,
            "×",
            0.5,
        ));
        let answer = large.answer_ms / small.answer_ms;
        rows.push(Row::of(
            "the same of send to acknowledgement, p50 (2.5 times as many senders)",
            answer,
            "×",
        ));
    }
    let points = costs
        .iter()
        .map(|cost| (float_of(cost.size), cost.delivery_us));
    Section {
        title: "Size of the room".to_owned(),
        about: "Processor time of kith and Postgres for each delivery to somebody else, at saturation; each sender has one message under way until it has come back."
            .to_owned(),
        rows,
        tables,
        plots: vec![Plot::Lines {
            title: "CPU for each delivery".to_owned(),
            over: "people in the room".to_owned(),
            unit: "µs".to_owned(),
            lines: vec![Line {
                name: "kith + Postgres".to_owned(),
                points: points.collect(),
            }],
        }],
        profile,
        ..Section::default()
    }
}
