//! How much a Postgres has to do: transactions and pages by its own counts, statements by those of `pg_stat_statements`.

use std::{ops::Sub, time::Instant};

use crate::Postgres;

const COUNTS: &str = "SELECT d.xact_commit + d.xact_rollback, d.blks_hit + d.blks_read,
       (SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements)
FROM pg_stat_database d WHERE d.datname = current_database()";

/// What it did in some time.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    at: Instant,
    seconds: f64,
    transactions: f64,
    pages: f64,
    statements: f64,
}

impl Load {
    /// Makes a Postgres count statements, too. It is started again for that.
    pub async fn begin_counting(postgres: &mut Postgres) {
        postgres.query("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'");
        postgres.kill();
        postgres.resume().await;
        postgres.query("CREATE EXTENSION pg_stat_statements");
    }

    /// What it did since the counting began; two of these make a load.
    pub fn so_far(postgres: &Postgres) -> Self {
        let answer = postgres.query(COUNTS);
        let counts: Vec<f64> = answer
            .split('|')
            .map(|count| count.parse().expect("a count"))
            .collect();
        let [transactions, pages, statements] = counts[..] else {
            panic!("odd counts: {answer}");
        };
        Self {
            at: Instant::now(),
            seconds: 0.0,
            transactions,
            pages,
            statements,
        }
    }

    /// How long that took.
    pub const fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Transactions a second.
    pub fn transactions(&self) -> f64 {
        self.transactions / self.seconds
    }

    /// Statements a second.
    pub fn statements(&self) -> f64 {
        self.statements / self.seconds
    }

    /// Pages a second.
    pub fn pages(&self) -> f64 {
        self.pages / self.seconds
    }
}

impl Sub for Load {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            at: self.at,
            seconds: (self.at - before.at).as_secs_f64(),
            transactions: self.transactions - before.transactions,
            pages: self.pages - before.pages,
            statements: self.statements - before.statements,
        }
    }
}
