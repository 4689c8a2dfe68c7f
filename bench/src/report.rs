//! Figures as a table on the terminal.

use std::io::Write as _;

use crate::people::{People, Taken};

/// What was measured; a part that was not asked for is absent.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) people: Option<People>,
}

struct Row {
    what: &'static str,
    figure: String,
    target: String,
    /// `None` for figures without a target.
    met: Option<bool>,
}

impl Row {
    fn plain(what: &'static str, figure: String) -> Self {
        Self {
            what,
            figure,
            target: String::new(),
            met: None,
        }
    }

    fn figure(what: &'static str, value: f64, digits: usize, unit: &str) -> Self {
        Self::plain(what, format!("{value:.digits$}{unit}"))
    }

    fn verdict(&self) -> &'static str {
        match self.met {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        }
    }
}

impl Report {
    /// Prints the table.
    pub(crate) fn print(&self) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        for row in self.rows() {
            writeln!(
                out,
                "{:<58} {:>14}  {:<14} {}",
                row.what,
                row.figure,
                row.target,
                row.verdict()
            )?;
        }
        Ok(())
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        if let Some(people) = &self.people {
            rows.extend(people_rows(people));
        }
        rows
    }
}

fn people_rows(people: &People) -> Vec<Row> {
    let size = people.size;
    let mut rows = vec![
        Row::plain(
            "people, friendships",
            format!("{}, {}", size.users, size.friendships),
        ),
        people.fill_s.map_or_else(
            || Row::plain("… filled", "in an earlier run".to_owned()),
            |seconds| Row::figure("… filling and indexing", seconds, 0, " s"),
        ),
        Row {
            target: "p99 < 50 ms".to_owned(),
            met: Some(people.searches.p99 < 50.0),
            ..Row::plain(
                "search, all kinds: p50 / p99 / longest (CPU: kith + Postgres)",
                taken(people.searches),
            )
        },
    ];
    for kind in &people.kinds {
        let figure = format!("{} (finds {:.0})", taken(kind.taken), kind.found);
        rows.push(Row::plain(kind.name, figure));
    }
    rows.push(Row {
        target: "p99 < 100 ms".to_owned(),
        met: Some(people.suggestions.p99 < 100.0),
        ..Row::plain(
            "suggestions with 1,000 friends: the same",
            taken(people.suggestions),
        )
    });
    rows
}

fn taken(taken: Taken) -> String {
    let Taken {
        p50,
        p99,
        longest,
        server_cpu,
        postgres_cpu,
    } = taken;
    format!("{p50:.1} / {p99:.1} / {longest:.1} ms ({server_cpu:.1} + {postgres_cpu:.1})")
}
