//! Which statements the database runs, and how often: what a storm adds is found here.

use std::{collections::HashMap, io::Write};

use anyhow::Context as _;
use kith_e2e::Postgres;

/// Calls of each, and how it begins.
const CALLS: &str =
    "SELECT queryid, sum(calls), left(min(regexp_replace(query, '\\s+', ' ', 'g')), 110)
FROM pg_stat_statements
GROUP BY queryid";

/// So many are shown.
const SHOWN: usize = 16;

/// Calls since the counting began.
#[derive(Default)]
pub(super) struct Statements(HashMap<String, (f64, String)>);

impl Statements {
    pub(super) fn so_far(postgres: &Postgres) -> anyhow::Result<Self> {
        let answer = postgres.query(CALLS);
        let mut statements = HashMap::new();
        for line in answer.lines() {
            let mut columns = line.splitn(3, '|');
            let id = columns.next().context("no id")?;
            let calls = columns.next().context("no calls")?.parse()?;
            let text = columns.next().unwrap_or_default();
            statements.insert(id.to_owned(), (calls, text.to_owned()));
        }
        Ok(Self(statements))
    }

    /// Calls since then.
    pub(super) fn since(mut self, before: &Self) -> Self {
        for (id, (calls, _)) in &mut self.0 {
            *calls -= before.0.get(id).map_or(0.0, |before| before.0);
        }
        self
    }

    /// Shows those that a storm ran the most, beside how often they ran before it.
    pub(super) fn print(
        &self,
        out: &mut impl Write,
        seconds: f64,
        steady: (&Self, f64),
    ) -> std::io::Result<()> {
        let (before, seconds_before) = steady;
        let mut all: Vec<_> = self.0.iter().collect();
        all.sort_unstable_by(|one, other| other.1.0.total_cmp(&one.1.0));
        writeln!(out, "statements/s: storm, steady")?;
        for (id, (calls, text)) in all.into_iter().take(SHOWN) {
            let usual = before.0.get(id).map_or(0.0, |before| before.0);
            let (now, usual) = (calls / seconds, usual / seconds_before);
            writeln!(out, "{now:9.1} {usual:7.1}  {text}")?;
        }
        Ok(())
    }
}
