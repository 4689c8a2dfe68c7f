//! The figures as a table: for people on the terminal, as Markdown in a file.

use std::{fmt::Write as _, io::Write as _, thread::available_parallelism};

use crate::{
    idle::Idle,
    latency::Latency,
    people::{People, Taken},
    pgbench::Ceiling,
    sends::Sends,
};

/// What was measured; a part that was not asked for is absent.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) sends: Option<Sends>,
    pub(crate) hot_room: Option<Sends>,
    pub(crate) ceiling: Option<Ceiling>,
    pub(crate) latency: Option<Latency>,
    pub(crate) idle: Option<Idle>,
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

    fn least(what: &'static str, value: f64, digits: usize, unit: &str, target: f64) -> Self {
        Self {
            target: format!(">= {target}{unit}"),
            met: Some(value >= target),
            ..Self::figure(what, value, digits, unit)
        }
    }

    fn most(what: &'static str, value: f64, digits: usize, unit: &str, target: f64) -> Self {
        Self {
            target: format!("<= {target}{unit}"),
            met: Some(value <= target),
            ..Self::figure(what, value, digits, unit)
        }
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

    /// The same as Markdown, with what it was measured on.
    pub(crate) fn markdown(&self) -> String {
        let cores = available_parallelism().map_or(0, usize::from);
        let mut text = format!(
            "# Kith, measured\n\nOne run of `kith-bench all` on {cores} processors; driver, server and Postgres share \
             them. Figures of one machine do not compare with those of another, the ratios do.\n\n\
             | what | figure | target | met |\n| --- | ---: | --- | --- |\n"
        );
        for row in self.rows() {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} |",
                row.what,
                row.figure,
                row.target,
                row.verdict()
            );
        }
        text
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        if let Some(sends) = &self.sends {
            let what = "200 senders, rooms of 10: durable sends acknowledged";
            rows.extend(sends_rows(what, 10_000.0, sends));
        }
        if let Some(sends) = &self.hot_room {
            let what = "one room of 10, 20 in flight each: durable sends acknowledged";
            rows.extend(sends_rows(what, 15_000.0, sends));
        }
        if let Some(ceiling) = &self.ceiling {
            rows.extend(ceiling_rows(ceiling, self.sends.as_ref()));
        }
        if let Some(latency) = &self.latency {
            rows.extend(latency_rows(latency));
        }
        if let Some(idle) = &self.idle {
            rows.extend(idle_rows(idle));
        }
        if let Some(people) = &self.people {
            rows.extend(people_rows(people));
        }
        rows
    }
}

fn sends_rows(what: &'static str, target: f64, sends: &Sends) -> Vec<Row> {
    let everything = sends.server_us + sends.postgres_us;
    vec![
        Row::least(what, sends.acknowledged_per_s, 0, "/s", target),
        Row::figure(
            "… deliveries to the nine others",
            sends.delivered_per_s,
            0,
            "/s",
        ),
        Row::figure("… send to receive p50", sends.p50_ms, 1, " ms"),
        Row::figure("… send to receive p99", sends.p99_ms, 1, " ms"),
        Row::plain("… refused and repeated", sends.refused.to_string()),
        Row::plain("… lost, repeated or out of order", "0".to_owned()),
        Row::figure(
            "… processor time a message: kith",
            sends.server_us,
            1,
            " µs",
        ),
        Row::figure(
            "… processor time a message: Postgres",
            sends.postgres_us,
            1,
            " µs",
        ),
        Row::most(
            "… processor time a message: both",
            everything,
            1,
            " µs",
            75.0,
        ),
        Row::figure(
            "… processor time a message: the driver",
            sends.driver_us,
            1,
            " µs",
        ),
    ]
}

fn ceiling_rows(ceiling: &Ceiling, sends: Option<&Sends>) -> Vec<Row> {
    let (clients, best) = ceiling.best();
    let all: Vec<_> = ceiling
        .runs
        .iter()
        .map(|(clients, rate)| format!("{clients}: {rate:.0}"))
        .collect();
    let mut rows = vec![
        Row::figure(
            "the same Postgres, plain form, best of pgbench",
            best,
            0,
            "/s",
        ),
        Row::plain("… with this many clients", clients.to_string()),
        Row::plain("… clients: transactions/s", all.join(", ")),
    ];
    rows.extend(sends.map(|sends| {
        let ratio = sends.acknowledged_per_s / best;
        Row::least(
            "Kith's durable sends / the plain form's best",
            ratio,
            2,
            "",
            1.0,
        )
    }));
    rows
}

fn latency_rows(latency: &Latency) -> Vec<Row> {
    vec![
        Row::most(
            "50 messages/s, room of 10: send to receive p50",
            latency.p50_ms,
            2,
            " ms",
            3.0,
        ),
        Row::most("… p99", latency.p99_ms, 2, " ms", 15.0),
        Row::figure("… longest", latency.max_ms, 2, " ms"),
        Row::plain("… messages", latency.messages.to_string()),
    ]
}

fn idle_rows(idle: &Idle) -> Vec<Row> {
    vec![
        Row::most(
            "idle memory of kith without its Postgres",
            idle.rss_mib,
            1,
            " MiB",
            80.0,
        ),
        Row::most(
            "start to ready on existing data",
            idle.start_to_ready_s,
            2,
            " s",
            5.0,
        ),
    ]
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
