//! What the system takes while something happens: the database's transactions, statements and pages, and processor time.

use std::{io::Write, ops::Sub, time::Instant};

use anyhow::Context as _;
use kith_e2e::{Node, Postgres};

use crate::process;

/// Transactions and pages by Postgres' own counts, statements by those of `pg_stat_statements`.
const COUNTS: &str = "SELECT d.xact_commit + d.xact_rollback, d.blks_hit + d.blks_read,
       (SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements)
FROM pg_stat_database d WHERE d.datname = current_database()";

/// What was taken in some time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    at: Instant,
    seconds: f64,
    transactions: f64,
    pages: f64,
    statements: f64,
    postgres: f64,
    server: f64,
}

/// Makes Postgres count statements. It is started again for that.
pub(super) async fn count_statements(postgres: &mut Postgres) {
    postgres.query("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'");
    postgres.kill();
    postgres.resume().await;
    postgres.query("CREATE EXTENSION pg_stat_statements");
}

impl Cost {
    /// Since Postgres, or this node, was started.
    pub(super) fn so_far(postgres: &Postgres, node: &Node) -> anyhow::Result<Self> {
        let counts = postgres.query(COUNTS);
        let counts: Vec<f64> = counts
            .split('|')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .with_context(|| format!("odd counts: {counts}"))?;
        let [transactions, pages, statements] = counts[..] else {
            anyhow::bail!("odd counts: {counts:?}");
        };
        Ok(Self {
            at: Instant::now(),
            seconds: 0.0,
            transactions,
            pages,
            statements,
            postgres: process::cpu_below(postgres.process_id())?,
            server: process::cpu_below(node.process_id())?,
        })
    }

    pub(super) fn transactions_per_s(&self) -> f64 {
        self.transactions / self.seconds
    }

    pub(super) fn statements_per_s(&self) -> f64 {
        self.statements / self.seconds
    }

    pub(super) fn print(&self, out: &mut impl Write, when: &str) -> std::io::Result<()> {
        writeln!(
            out,
            "{when} for {:.1} s: {:.0} transactions/s, {:.0} statements/s, {:.0} pages/s, Postgres {:.2} cores, surviving node {:.2} cores",
            self.seconds,
            self.transactions_per_s(),
            self.statements_per_s(),
            self.pages / self.seconds,
            self.postgres / self.seconds,
            self.server / self.seconds,
        )
    }
}

impl Sub for Cost {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            at: self.at,
            seconds: (self.at - before.at).as_secs_f64(),
            transactions: self.transactions - before.transactions,
            pages: self.pages - before.pages,
            statements: self.statements - before.statements,
            postgres: self.postgres - before.postgres,
            server: self.server - before.server,
        }
    }
}
