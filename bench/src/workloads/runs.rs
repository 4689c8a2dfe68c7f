//! Several runs of one load, and what of them goes into the report.

use std::time::Duration;

use super::{Bench, say};
use crate::{
    cost::Each,
    findings::{Bar, Kind, Profile, Row, Table},
    load::{Load, Outcome, Pace, Span},
    numbers::{figure, float, median},
    postgres::Server,
    profile::Recording,
};

/// A profile is taken in a run of its own, because it disturbs.
pub(super) const PROFILED: Duration = Duration::from_secs(3);

/// Runs of one load.
#[derive(Default)]
pub(crate) struct Runs {
    outcomes: Vec<Outcome>,
    pub(crate) profile: Option<Profile>,
    /// Rows in Postgres, which are as many as acknowledgements.
    rows: u64,
}

impl Runs {
    /// Runs the load as often as planned, checks the rows, and takes a profile.
    pub(crate) fn take(
        bench: &Bench,
        name: &str,
        load: &mut Load,
        pace: Pace,
        postgres: &Server,
    ) -> anyhow::Result<Self> {
        let mut runs = Self::take_without_rows(bench, name, load, pace)?;
        runs.rows = load.verify(postgres)?;
        Ok(runs)
    }

    /// The same of a server without a Postgres.
    pub(crate) fn take_without_rows(
        bench: &Bench,
        name: &str,
        load: &mut Load,
        pace: Pace,
    ) -> anyhow::Result<Self> {
        let mut runs = Self::default();
        for run in 1..=bench.plan.runs {
            runs.take_one(bench, &format!("{name}, run {run}"), load, pace)?;
        }
        runs.take_profile(bench, load, pace)?;
        Ok(runs)
    }

    /// Runs two loads in turn, so that both meet the machine as it is, however that changes.
    pub(crate) fn take_in_turn(
        bench: &Bench,
        mut loads: [(&str, &mut Load, &Server); 2],
        pace: Pace,
    ) -> anyhow::Result<[Self; 2]> {
        let mut all = [Self::default(), Self::default()];
        for run in 1..=bench.plan.runs {
            for (runs, (name, load, _)) in all.iter_mut().zip(&mut loads) {
                runs.take_one(bench, &format!("{name}, run {run}"), load, pace)?;
            }
        }
        for (runs, (_, load, postgres)) in all.iter_mut().zip(&mut loads) {
            runs.take_profile(bench, load, pace)?;
            runs.rows = load.verify(postgres)?;
        }
        Ok(all)
    }

    fn take_one(
        &mut self,
        bench: &Bench,
        name: &str,
        load: &mut Load,
        pace: Pace,
    ) -> anyhow::Result<()> {
        let outcome = load.run(pace, bench.plan.span)?;
        say(&format!("{name}: {}", line(&outcome)));
        self.outcomes.push(outcome);
        Ok(())
    }

    fn take_profile(&mut self, bench: &Bench, load: &mut Load, pace: Pace) -> anyhow::Result<()> {
        if bench.plan.profile {
            self.profile = profiled(bench, load, pace)?;
        }
        Ok(())
    }

    /// The median of what each run made of the one beside it, over the undisturbed pairs, or over all when there are none.
    pub(crate) fn ratio_to(&self, other: &Self, of: impl Fn(&Outcome) -> f64) -> f64 {
        let pairs = || self.outcomes.iter().zip(&other.outcomes);
        let ratio = |(one, beside): (&Outcome, &Outcome)| of(one) / of(beside);
        let is_clean =
            |(one, beside): &(&Outcome, &Outcome)| !one.is_disturbed() && !beside.is_disturbed();
        let clean: Vec<f64> = pairs().filter(is_clean).map(ratio).collect();
        if clean.is_empty() {
            median(pairs().map(ratio))
        } else {
            median(clean)
        }
    }

    /// The median over the undisturbed runs, or over all when there are none.
    pub(crate) fn median(&self, of: impl Fn(&Outcome) -> f64) -> f64 {
        let clean = self
            .outcomes
            .iter()
            .filter(|outcome| !outcome.is_disturbed());
        let clean: Vec<f64> = clean.map(&of).collect();
        if clean.is_empty() {
            median(self.outcomes.iter().map(of))
        } else {
            median(clean)
        }
    }

    /// Medians of each party's part.
    pub(crate) fn each(&self, of: impl Fn(&Outcome) -> Each) -> Each {
        Each {
            kith: self.median(|outcome| of(outcome).kith),
            postgres: self.median(|outcome| of(outcome).postgres),
            redis: self.median(|outcome| of(outcome).redis),
            driver: self.median(|outcome| of(outcome).driver),
        }
    }

    /// Send to receive.
    pub(crate) fn times(&self) -> [Row; 2] {
        [
            Row::of(
                "send to receive, p50",
                self.median(|outcome| outcome.p50_ms),
                "ms",
            ),
            Row::of(
                "send to receive, p99",
                self.median(|outcome| outcome.p99_ms),
                "ms",
            ),
        ]
    }

    /// What every load shows: its times, what a message costs, and that nothing was lost.
    pub(crate) fn common(&self) -> Vec<Row> {
        let mut rows = self.times().to_vec();
        rows.push(self.cost());
        rows.extend(self.checks());
        rows
    }

    /// Whether nothing was lost; runs in which something was have failed before.
    pub(crate) fn checks(&self) -> Vec<Row> {
        let refused: u64 = self.outcomes.iter().map(|outcome| outcome.refused).sum();
        vec![
            Row::text("lost, doubled or out of order, in any socket", "0"),
            Row::text(
                "rows in Postgres, each of them acknowledged",
                figure(float(self.rows)),
            ),
            Row::text("refused and repeated", refused.to_string()),
        ]
    }

    /// Processor time for each acknowledged message.
    pub(crate) fn cost(&self) -> Row {
        let each = self.each(|outcome| outcome.per_message);
        let mut text = format!(
            "kith {} + Postgres {}",
            figure(each.kith),
            figure(each.postgres)
        );
        if each.redis > 0.0 {
            text = format!("{text} + Redis {}", figure(each.redis));
        }
        Row::text(
            "CPU for each message (and the driver's)",
            format!("{text} ({}) µs", figure(each.driver)),
        )
    }

    /// The same as a bar.
    pub(crate) fn cost_bar(&self, name: &str) -> Bar {
        let each = self.each(|outcome| outcome.per_message);
        let parts = [
            (Kind::Kith, each.kith),
            (Kind::Postgres, each.postgres),
            (Kind::Redis, each.redis),
            (Kind::Driver, each.driver),
        ];
        Bar {
            name: name.to_owned(),
            parts: parts
                .into_iter()
                .filter(|(_, value)| *value > 0.0)
                .collect(),
        }
    }

    /// Every run.
    pub(crate) fn table(&self, title: &str) -> Table {
        let head = [
            "run",
            "acknowledged/s",
            "deliveries/s",
            "p50 / p99 / longest ms",
            "answer p50 / p99 ms",
            "cores: kith + Postgres + Redis, driver",
            "other work",
        ];
        let rows = self.outcomes.iter().enumerate().map(|(at, outcome)| {
            let cores = outcome.cores;
            let mark = if outcome.is_disturbed() {
                " (disturbed)"
            } else {
                ""
            };
            vec![
                (at + 1).to_string(),
                figure(outcome.acknowledged_per_s),
                figure(outcome.delivered_per_s),
                format!(
                    "{} / {} / {}",
                    figure(outcome.p50_ms),
                    figure(outcome.p99_ms),
                    figure(outcome.longest_ms)
                ),
                format!(
                    "{} / {}",
                    figure(outcome.answer_p50_ms),
                    figure(outcome.answer_p99_ms)
                ),
                format!(
                    "{:.2} + {:.2} + {:.2}, {:.2}",
                    cores.kith, cores.postgres, cores.redis, cores.driver
                ),
                format!("{:.2}{mark}", outcome.foreign),
            ]
        });
        Table {
            title: title.to_owned(),
            head: head.map(str::to_owned).to_vec(),
            rows: rows.collect(),
        }
    }
}

/// A run for the profile alone; nothing of it is counted.
fn profiled(bench: &Bench, load: &mut Load, pace: Pace) -> anyhow::Result<Option<Profile>> {
    let warm_up = bench.plan.span.warm_up;
    let measured = PROFILED.min(bench.plan.span.measured);
    let Some(recording) = Recording::begin(warm_up + measured) else {
        return Ok(None);
    };
    load.run(pace, Span { warm_up, measured })?;
    Ok(recording.end())
}

fn line(outcome: &Outcome) -> String {
    let cores = outcome.cores;
    format!(
        "{} acknowledged/s, {} deliveries/s, p50 {} p99 {} ms; cores kith {:.2} Postgres {:.2} Redis {:.2} driver {:.2} other {:.2}",
        figure(outcome.acknowledged_per_s),
        figure(outcome.delivered_per_s),
        figure(outcome.p50_ms),
        figure(outcome.p99_ms),
        cores.kith,
        cores.postgres,
        cores.redis,
        cores.driver,
        outcome.foreign,
    )
}
