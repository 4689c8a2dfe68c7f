//! The figures as a table: for people on the terminal, as Markdown in a file.

use std::{fmt::Write as _, io::Write as _, thread::available_parallelism};

use crate::{idle::Idle, latency::Latency, pgbench::Ceiling, sends::Sends};

/// What was measured; a part that was not asked for is absent.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) sends: Option<Sends>,
    pub(crate) ceiling: Option<Ceiling>,
    pub(crate) latency: Option<Latency>,
    pub(crate) idle: Option<Idle>,
}

struct Row {
    what: &'static str,
    figure: String,
    target: &'static str,
    /// `None` for figures without a target.
    met: Option<bool>,
}

impl Row {
    fn plain(what: &'static str, figure: String) -> Self {
        Self {
            what,
            figure,
            target: "",
            met: None,
        }
    }

    fn judged(what: &'static str, figure: String, target: &'static str, met: bool) -> Self {
        Self {
            what,
            figure,
            target,
            met: Some(met),
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
            sends_rows(sends, &mut rows);
        }
        if let Some(ceiling) = &self.ceiling {
            ceiling_rows(ceiling, self.sends.as_ref(), &mut rows);
        }
        if let Some(latency) = &self.latency {
            let taken = format!("{:.2} ms", latency.p50_ms);
            rows.push(Row::judged(
                "50 messages/s, room of 10: send to receive p50",
                taken,
                "<= 3 ms",
                latency.p50_ms <= 3.0,
            ));
            let taken = format!("{:.2} ms", latency.p99_ms);
            rows.push(Row::judged(
                "… p99",
                taken,
                "<= 15 ms",
                latency.p99_ms <= 15.0,
            ));
            rows.push(Row::plain("… longest", format!("{:.2} ms", latency.max_ms)));
            rows.push(Row::plain("… messages", latency.messages.to_string()));
        }
        if let Some(idle) = &self.idle {
            let rss = format!("{:.1} MiB", idle.rss_mib);
            rows.push(Row::judged(
                "idle memory of kith without its Postgres",
                rss,
                "<= 80 MiB",
                idle.rss_mib <= 80.0,
            ));
            let start = format!("{:.2} s", idle.start_to_ready_s);
            rows.push(Row::judged(
                "start to ready on existing data",
                start,
                "<= 5 s",
                idle.start_to_ready_s <= 5.0,
            ));
        }
        rows
    }
}

fn sends_rows(sends: &Sends, rows: &mut Vec<Row>) {
    let rate = format!("{:.0}/s", sends.acknowledged_per_s);
    let met = sends.acknowledged_per_s >= 10_000.0;
    rows.push(Row::judged(
        "200 senders, rooms of 10: durable sends acknowledged",
        rate,
        ">= 10000/s",
        met,
    ));
    rows.push(Row::plain(
        "… deliveries to the nine others",
        format!("{:.0}/s", sends.delivered_per_s),
    ));
    rows.push(Row::plain(
        "… send to receive p50",
        format!("{:.1} ms", sends.p50_ms),
    ));
    rows.push(Row::plain(
        "… send to receive p99",
        format!("{:.1} ms", sends.p99_ms),
    ));
    rows.push(Row::plain(
        "… refused and repeated",
        sends.refused.to_string(),
    ));
    rows.push(Row::plain(
        "… lost, repeated or out of order",
        "0".to_owned(),
    ));
    rows.push(Row::plain(
        "… processors used by kith",
        format!("{:.2}", sends.server_cpu),
    ));
    rows.push(Row::plain(
        "… processors used by the driver",
        format!("{:.2}", sends.driver_cpu),
    ));
}

fn ceiling_rows(ceiling: &Ceiling, sends: Option<&Sends>, rows: &mut Vec<Row>) {
    let (clients, best) = ceiling.best();
    let all: Vec<_> = ceiling
        .runs
        .iter()
        .map(|(clients, rate)| format!("{clients}: {rate:.0}"))
        .collect();
    rows.push(Row::plain(
        "the same Postgres, plain form, best of pgbench",
        format!("{best:.0}/s"),
    ));
    rows.push(Row::plain("… with this many clients", clients.to_string()));
    rows.push(Row::plain("… clients: transactions/s", all.join(", ")));
    if let Some(sends) = sends {
        let ratio = sends.acknowledged_per_s / best;
        rows.push(Row::judged(
            "Kith's durable sends / the plain form's best",
            format!("{ratio:.2}"),
            ">= 1",
            ratio >= 1.0,
        ));
    }
}
