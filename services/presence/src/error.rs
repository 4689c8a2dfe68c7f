//! The ways in which a use case of presence ends badly, and what of them is public.

use std::time::Duration;

use kith_error::{Failure, Fault, Reason, Violation};

use crate::store::StoreError;

/// When to come back after something was not there.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a caller can act on, plus our own faults.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("bad fields")]
    InvalidFields(Vec<Violation>),
    /// A socket that never connected, or whose caller did not hold.
    #[error("the socket is not attached")]
    NotAttached,
    #[error("the account is no more")]
    Deleted,
    #[error("friends cannot be reached")]
    FriendsUnreachable,
    #[error("too many calls wait")]
    Busy,
    #[error("friends refused: {0}")]
    FriendsRefused(Failure),
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl Fault for Error {
    fn failure(&self) -> Failure {
        match self {
            Self::InvalidFields(violations) => Failure::invalid_fields(violations.clone()),
            Self::NotAttached => {
                Failure::new(Reason::Unauthenticated, "nobody is known on this socket")
            }
            Self::Deleted => Failure::new(Reason::NotFound, "there is no such user"),
            Self::FriendsUnreachable | Self::Busy => Failure::unavailable(RETRY_AFTER),
            Self::Store(StoreError::Database(error)) => {
                kith_postgres::trouble(error).map_or_else(Failure::internal, Failure::from)
            }
            Self::FriendsRefused(_) | Self::Store(StoreError::Inconsistent { .. }) => {
                Failure::internal()
            }
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        kith_error::into_status(&error)
    }
}
