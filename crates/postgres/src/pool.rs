//! Pools and migrations.

use std::{str::FromStr as _, time::Duration};

use sqlx::{
    Connection as _, PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// How long a call waits for a free connection before it is `unavailable`: pools are small, so a burst of small writes queues
/// for a moment instead of failing, and a caller's own deadline is still longer.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a connection that is given back may take to say that it is free. A call that was given up leaves its statement
/// running, which Postgres ends after 2 s; a connection that is silent for longer is dead, whatever TCP believes.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a database may take to let us in, before the migrations.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes a pool for one service. Connects lazily: a database that is down makes calls fail, not the start.
///
/// Every connection looks into the service's own schema first, gives up a statement after 2 s, a lock after 1 s and an
/// idle transaction after 10 s, so that one stuck call cannot hold the others for long.
pub fn connect(url: &str, schema: &str, max_connections: u32) -> Result<PgPool, sqlx::Error> {
    let options = PgConnectOptions::from_str(url)?
        .application_name(&format!("kith-{schema}"))
        .options([
            ("search_path", schema),
            ("statement_timeout", "2s"),
            ("lock_timeout", "1s"),
            ("idle_in_transaction_session_timeout", "10s"),
        ]);
    Ok(PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // The pool asks the same afterwards, without a limit: a dead connection would keep its place in the pool for ever.
        .after_release(|connection, _| Box::pin(answers(connection)))
        .connect_lazy_with(options))
}

async fn answers(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    match tokio::time::timeout(RELEASE_TIMEOUT, connection.ping()).await {
        Ok(answer) => answer.map(|()| true),
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

/// Creates the schema if it is missing and brings it up to date. Safe to call from several nodes at once: the migrator
/// takes an advisory lock.
pub async fn migrate(url: &str, schema: &str, migrator: &Migrator) -> Result<(), MigrateError> {
    let options = PgConnectOptions::from_str(url)?.options([("search_path", schema)]);
    // No pool: it would hide behind a time-out why the database cannot be reached.
    let connecting = PgConnection::connect_with(&options);
    let mut connection = tokio::time::timeout(CONNECT_TIMEOUT, connecting)
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))?;
    // Asked first: a role that may not create in the database may still own a schema that an administrator made.
    let known: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)")
            .bind(schema)
            .fetch_one(&mut connection)
            .await?;
    // Two nodes that start at once may both find the schema missing; the loser of that race is content.
    let create = format!("CREATE SCHEMA IF NOT EXISTS {schema}");
    if !known
        && let Err(error) = sqlx::query(sqlx::AssertSqlSafe(create))
            .execute(&mut connection)
            .await
        && crate::constraint(&error).is_none()
    {
        return Err(error.into());
    }
    migrator.run(&mut connection).await?;
    Ok(connection.close().await?)
}
