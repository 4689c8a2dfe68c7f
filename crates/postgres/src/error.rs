//! What a database error means.

use kith_error::{Failure, Reason};
use std::time::Duration;

/// The ways in which the database itself, not the statement, fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No connection, no room, shutting down, a deadlock or a lock not had in time: try again.
    Unavailable,
    /// A statement was cancelled by its time limit.
    Timeout,
}

/// The name of the constraint that a statement broke. Names are part of the schema and are mapped by name.
pub fn constraint(error: &sqlx::Error) -> Option<&str> {
    error
        .as_database_error()
        .and_then(|error| error.constraint())
}

/// Whether a statement waited for a lock for as long as it may. What it had done by then is undone.
pub fn is_lock_timeout(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == "55P03")
}

/// Whether the database could not do its work, as opposed to a statement that is wrong.
pub fn trouble(error: &sqlx::Error) -> Option<Trouble> {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Some(Trouble::Unavailable),
        sqlx::Error::Database(error) => error.code().and_then(|code| of_sqlstate(&code)),
        _ => None,
    }
}

/// Class 08 connection, 53 resources, 57P0x shutdown or start-up, 40 rollback, 55P03 lock timeout, 25006 a standby, 58 system.
fn of_sqlstate(code: &str) -> Option<Trouble> {
    match code {
        "57014" => Some(Trouble::Timeout),
        "55P03" | "25006" | "25P03" => Some(Trouble::Unavailable),
        _ if ["08", "53", "57", "40", "58"]
            .iter()
            .any(|class| code.starts_with(class)) =>
        {
            Some(Trouble::Unavailable)
        }
        _ => None,
    }
}

/// Reads a failed statement.
pub trait ResultExt<T> {
    /// `Ok(None)` when the statement broke the constraint of that name.
    fn on_constraint(self, name: &str) -> Result<Option<T>, sqlx::Error>;
}

impl<T> ResultExt<T> for Result<T, sqlx::Error> {
    fn on_constraint(self, name: &str) -> Result<Option<T>, sqlx::Error> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(error) if constraint(&error) == Some(name) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        let after = Duration::from_secs(1);
        match trouble {
            Trouble::Unavailable => Self::unavailable(after),
            Trouble::Timeout => Self::new(Reason::Timeout, "the answer took too long; try again")
                .with_retry_after(after),
        }
    }
}
