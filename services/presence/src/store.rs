//! What is kept: in Postgres what must outlive a node, in the lease store what other nodes must see now. None of it decides anything.

pub(crate) mod leases;
pub(crate) mod people;
pub(crate) mod stays;
pub(crate) mod visibility;

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

/// A connection for reading, or for one statement.
pub(crate) async fn acquire(pool: &PgPool) -> Result<PoolConnection<Postgres>> {
    Ok(pool.acquire().await?)
}

/// A transaction.
pub(crate) async fn begin(pool: &PgPool) -> Result<PgTransaction<'static>> {
    Ok(pool.begin().await?)
}

/// Makes a transaction's changes last.
pub(crate) async fn commit(tx: PgTransaction<'static>) -> Result<()> {
    Ok(tx.commit().await?)
}
