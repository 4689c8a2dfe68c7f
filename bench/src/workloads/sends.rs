//! 200 senders in rooms of 10, one message in flight each: what the whole system stores and delivers when it is asked for all it has.

use super::{Bench, rooms_of_ten, runs::Runs};
use crate::{
    findings::{Bar, Kind, Plot, Row, Section},
    load::Pace,
};

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Section> {
    let runs = rooms_of_ten::run_alone(bench, "rooms of 10", Pace::InFlight(1)).await?;

    let rate = runs.median(|outcome| outcome.acknowledged_per_s);
    bench.findings.set("sends.rate", rate);
    bench.findings.set(
        "sends.delivered",
        runs.median(|outcome| outcome.delivered_per_s),
    );
    bench.findings.set(
        "sends.per_delivery_us",
        runs.median(|outcome| outcome.per_delivery_us),
    );
    let mut section = Section {
        title: "200 senders in rooms of 10, one message in flight each".to_owned(),
        about: "Everybody sends 200 bytes as soon as the last message is acknowledged, and receives what the nine others say.".to_owned(),
        rows: rows(bench, &runs, rate),
        tables: vec![runs.table("Every run")],
        plots: vec![rates(bench, rate), cost(&runs)],
        ..Section::default()
    };
    section.profile = runs.profile;
    Ok(section)
}

fn rows(bench: &Bench, runs: &Runs, rate: f64) -> Vec<Row> {
    let mut rows = vec![Row::least(
        "durable messages acknowledged",
        rate,
        "/s",
        20_000.0,
    )];
    if let Some(limit) = bench.findings.base("postgres.one.32") {
        let what = "of what pgbench stores, one statement a message, 32 clients";
        rows.push(Row::least(what, rate / limit, "×", 1.0));
    }
    let served = runs.median(|outcome| outcome.per_message.served());
    rows.extend([
        Row::of(
            "deliveries to the nine others",
            runs.median(|outcome| outcome.delivered_per_s),
            "/s",
        ),
        Row::most(
            "CPU of everything for each durable message",
            served,
            "µs",
            75.0,
        ),
    ]);
    rows.extend(runs.common());
    rows
}

fn rates(bench: &Bench, rate: f64) -> Plot {
    let limits = [
        ("BEGIN … COMMIT, 1 client", "postgres.plain.1"),
        ("BEGIN … COMMIT, 32 clients", "postgres.plain.32"),
        ("one statement, 1 client", "postgres.one.1"),
        ("one statement, 32 clients", "postgres.one.32"),
    ];
    let mut bars = vec![Bar::of("Kith", Kind::Kith, rate)];
    bars.extend(
        limits.into_iter().filter_map(|(name, base)| {
            Some(Bar::of(name, Kind::Limit, bench.findings.base(base)?))
        }),
    );
    Plot::Bars {
        title: "Messages stored a second, beside Postgres alone".to_owned(),
        unit: "messages/s".to_owned(),
        bars,
    }
}

fn cost(runs: &Runs) -> Plot {
    Plot::Bars {
        title: "Processor time for each message".to_owned(),
        unit: "µs".to_owned(),
        bars: vec![runs.cost_bar("rooms of 10")],
    }
}
