//! The tables of the graph. Functions take a connection first, so that the use case decides what is one transaction;
//! none of them decides anything.

pub(crate) mod blocks;
pub(crate) mod contacts;
pub(crate) mod findable;
pub(crate) mod friendships;
pub(crate) mod imports;
pub(crate) mod outbox;
pub(crate) mod pairs;
pub(crate) mod people;
pub(crate) mod privacy;
pub(crate) mod requests;
pub(crate) mod search;
pub(crate) mod sights;
pub(crate) mod suggestions;
pub(crate) mod users;

use sqlx::{PgPool, PgTransaction, Postgres, pool::PoolConnection};

/// Why the store could not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error("column {column} of {table} holds something that it cannot hold")]
    Inconsistent {
        table: &'static str,
        column: &'static str,
    },
}

/// What the store answers.
pub(crate) type Result<T> = std::result::Result<T, StoreError>;

/// A page wanted: what comes after a key, and how many rows at most.
#[derive(Debug, Clone)]
pub(crate) struct Window<K> {
    pub after: Option<K>,
    pub limit: i64,
}

/// A connection for reading, or for one statement.
pub(crate) async fn acquire(pool: &PgPool) -> Result<PoolConnection<Postgres>> {
    Ok(pool.acquire().await?)
}

/// A transaction, READ COMMITTED: each statement sees what was committed before it, so what follows a lock sees what the lock waited for.
pub(crate) async fn begin(pool: &PgPool) -> Result<PgTransaction<'static>> {
    Ok(pool.begin().await?)
}

/// Makes a transaction's changes last.
pub(crate) async fn commit(tx: PgTransaction<'static>) -> Result<()> {
    Ok(tx.commit().await?)
}

const fn inconsistent(table: &'static str, column: &'static str) -> StoreError {
    StoreError::Inconsistent { table, column }
}

/// A count as the wire has it; nobody has four billion friends.
fn count(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
