//! The report of the depths.

use super::Cost;
use crate::{
    findings::{Line, Plot, Row, Section, Table},
    numbers::{figure, float},
};

/// What the deeds cost, each from the shallowest to the deepest room.
pub(super) fn of(found: &[(&str, Vec<Cost>)]) -> Section {
    let rows = found.iter().flat_map(|(name, costs)| growth(name, costs));
    let lines = |of: fn(&Cost) -> f64| {
        found.iter().map(move |(name, costs)| Line {
            name: (*name).to_owned(),
            points: costs
                .iter()
                .map(|cost| (float(cost.depth), of(cost)))
                .collect(),
        })
    };
    Section {
        title: "Depth of the history".to_owned(),
        about: "All rooms lie in the same tables. One client over REST, calls one after the other; pages of the database by pg_stat_statements. The reader has read nothing, so that 1,000 messages are unread everywhere."
            .to_owned(),
        rows: rows.collect(),
        tables: vec![depths(found), statements(found)],
        plots: vec![
            plot("Time of a call, p50", "ms", lines(|cost| cost.p50_ms).collect()),
            plot("Pages touched by a call", "pages", lines(|cost| cost.buffers).collect()),
        ],
        ..Section::default()
    }
}

fn growth(name: &str, costs: &[Cost]) -> Vec<Row> {
    let (Some(first), Some(last)) = (costs.first(), costs.last()) else {
        return Vec::new();
    };
    let pages = format!("{name}: pages touched, deepest against shallowest");
    let time = format!("{name}: time, deepest against shallowest");
    vec![
        Row::most(pages, last.buffers / first.buffers, "×", 1.1),
        Row::most(time, last.p50_ms / first.p50_ms, "×", 1.3),
    ]
}

fn depths(found: &[(&str, Vec<Cost>)]) -> Table {
    let rows = found.iter().flat_map(|(name, costs)| {
        costs.iter().map(|cost| {
            vec![
                (*name).to_owned(),
                figure(float(cost.depth)),
                figure(cost.p50_ms),
                figure(cost.execution_ms),
                figure(cost.buffers),
            ]
        })
    });
    let head = [
        "what",
        "messages in the room",
        "p50 ms",
        "in Postgres, mean ms",
        "pages touched",
    ];
    Table {
        title: "Every depth".to_owned(),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

fn statements(found: &[(&str, Vec<Cost>)]) -> Table {
    let rows = found.iter().flat_map(|(name, costs)| {
        let deepest = costs.last().into_iter().flat_map(|cost| &cost.heaviest);
        deepest.map(|cells| {
            let name = std::iter::once((*name).to_owned());
            name.chain(cells.iter().cloned()).collect()
        })
    });
    let head = ["what", "pages a call", "runs a call", "statement"];
    Table {
        title: "Statements that touch most, in the deepest room".to_owned(),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

fn plot(title: &str, unit: &str, lines: Vec<Line>) -> Plot {
    Plot::Lines {
        title: title.to_owned(),
        over: "messages in the room".to_owned(),
        unit: unit.to_owned(),
        lines,
    }
}
