//! What calls cost inside Postgres: pages touched and time, by its own bookkeeping of statements.

use anyhow::{Context as _, ensure};
use kith_e2e::Node;

use crate::{crowd::DATABASE, numbers::float, postgres::Server};

const HEAVIEST: u32 = 3;
const BEGINNING: u32 = 180;

/// Starts the node anew with a Postgres that keeps these books.
pub(super) async fn prepare(postgres: &Server, mut node: Node) -> anyhow::Result<Node> {
    let load = "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'";
    postgres.sql(DATABASE, load)?;
    let end = node.stop().await;
    ensure!(end.success(), "kith ended with {end}");
    let node = node.restart().await;
    postgres.sql(DATABASE, "CREATE EXTENSION pg_stat_statements")?;
    Ok(node)
}

/// Begins a new page.
pub(super) fn reset(postgres: &Server) -> anyhow::Result<()> {
    postgres
        .query(DATABASE, "SELECT pg_stat_statements_reset()")
        .map(drop)
}

/// Pages touched and milliseconds taken by each of so many calls. Statements that ran less often are not theirs: the node does some by itself.
pub(super) fn spent(postgres: &Server, calls: u64) -> anyhow::Result<(f64, f64)> {
    let query = format!(
        "SELECT sum(shared_blks_hit + shared_blks_read), sum(total_exec_time) FROM pg_stat_statements WHERE calls >= {calls}"
    );
    let answer = postgres.query(DATABASE, &query)?;
    let (pages, time) = answer
        .trim()
        .split_once('|')
        .context("no statements were counted")?;
    let each = |sum: &str| Ok::<f64, anyhow::Error>(sum.parse::<f64>()? / float(calls));
    Ok((each(pages)?, each(time)?))
}

/// The statements that touch most pages: pages and runs for each of so many calls, and how they begin.
pub(super) fn heaviest(postgres: &Server, calls: u64) -> anyhow::Result<Vec<Vec<String>>> {
    let query = format!(
        "SELECT round((shared_blks_hit + shared_blks_read) / {calls}.0, 1), round(calls / {calls}.0, 1),
                left(regexp_replace(query, '\\s+', ' ', 'g'), {BEGINNING})
         FROM pg_stat_statements WHERE calls >= {calls} ORDER BY 1 DESC LIMIT {HEAVIEST}"
    );
    let answer = postgres.query(DATABASE, &query)?;
    let parts = |line: &str| line.splitn(3, '|').map(str::to_owned).collect();
    Ok(answer.lines().map(parts).collect())
}
