//! Two nodes over Redis against one, on the same processors: half of each room's people at each node, so that every message crosses. Each
//! names both, so that a room's messages meet in one of them. The one and the two have a Postgres each, and run in turn.

use kith_e2e::{Node, Redis, Settings, free_port};

use super::{Bench, rooms_of_ten, runs::Runs};
use crate::{
    crowd::{self, Crowd},
    findings::{Bar, Kind, Plot, Row, Section},
    load::Pace,
};

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Section> {
    let mut alone = rooms_of_ten::gather(bench).await?;
    let mut both = with_second(bench, rooms_of_ten::gather(bench).await?).await?;
    let (mut of_one, mut of_two) = (
        rooms_of_ten::connect(&mut alone)?,
        rooms_of_ten::connect(&mut both)?,
    );
    let loads = [
        ("one node", &mut of_one, &alone.postgres),
        ("two nodes", &mut of_two, &both.postgres),
    ];
    let [one, two] = Runs::take_in_turn(bench, loads, Pace::InFlight(1))?;
    alone.stop().await?;
    both.stop().await?;
    Ok(section(&one, two))
}

/// Starts the node anew with a Redis, and another one beside it that uses the first one's Postgres.
async fn with_second(bench: &Bench, mut crowd: Crowd) -> anyhow::Result<Crowd> {
    let redis = Redis::start().await;
    let mut first = crowd.nodes.remove(0);
    let ports = [free_port(), free_port()];
    let settings = joined(first.settings().clone(), &redis, ports, 0);
    let end = first.stop().await;
    anyhow::ensure!(end.success(), "kith ended with {end}");
    drop(first);
    let first = Node::start_with(settings).await;
    let folder = first.settings().data().join("postgres");
    let database = format!(
        "postgres://kith@localhost/{}?host={}",
        crowd::DATABASE,
        folder.display()
    );
    let settings = crowd::settings(&bench.kith).with_postgres(&database);
    let second = Node::start_with(joined(settings, &redis, ports, 1)).await;
    crowd.nodes = vec![first, second];
    crowd.redis = Some(redis);
    Ok(crowd)
}

/// The settings of one of two nodes that know each other.
fn joined(settings: Settings, redis: &Redis, ports: [u16; 2], place: usize) -> Settings {
    let [one, other] = ports.map(|port| format!("http://127.0.0.1:{port}"));
    settings
        .with_redis(&redis.url())
        .with(
            "KITH__SERVER__INTERNAL_LISTEN",
            &format!("127.0.0.1:{}", ports[place]),
        )
        .with("KITH__UPSTREAM__CHAT", &format!("{one},{other}"))
}

fn section(one: &Runs, two: Runs) -> Section {
    let [alone, both] = [one, &two].map(|runs| runs.median(|outcome| outcome.delivered_per_s));
    let mut rows = vec![
        Row::least(
            "deliveries a second, two nodes against one (pair by pair)",
            two.ratio_to(one, |outcome| outcome.delivered_per_s),
            "×",
            0.85,
        ),
        Row::of("deliveries, one node", alone, "/s"),
        Row::of("deliveries, two nodes", both, "/s"),
        Row::of(
            "send to receive p99, one node",
            one.median(|outcome| outcome.p99_ms),
            "ms",
        ),
        Row::of(
            "send to receive p99, two nodes",
            two.median(|outcome| outcome.p99_ms),
            "ms",
        ),
        two.cost(),
    ];
    rows.extend(two.checks());
    Section {
        title: "Two nodes over Redis against one".to_owned(),
        about: "200 senders in rooms of 10, one message in flight each; with two nodes, five people of each room are at each of them. Everything shares the same processors."
            .to_owned(),
        rows,
        tables: vec![one.table("One node"), two.table("Two nodes")],
        plots: vec![
            Plot::Bars {
                title: "Deliveries a second".to_owned(),
                unit: "deliveries/s".to_owned(),
                bars: vec![
                    Bar::of("one node", Kind::Kith, alone),
                    Bar::of("two nodes", Kind::Kith, both),
                ],
            },
            Plot::Bars {
                title: "Processor time for each message".to_owned(),
                unit: "µs".to_owned(),
                bars: vec![one.cost_bar("one node"), two.cost_bar("two nodes")],
            },
        ],
        profile: two.profile,
        ..Section::default()
    }
}
