//! How a call to this service fails: the outcomes that a caller can act on, and everything else as the source it came from.

use std::time::Duration;

use kith_error::{Failure, Fault, Reason, Violation};
use kith_ids::{SessionId, UserId};

use crate::{hashing::HashError, keys::KeyError};

/// An error of a use case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields that break a rule, all of them.
    #[error("one or more fields are not valid")]
    Invalid(Vec<Violation>),
    /// The caller may not make this call.
    #[error("{0}")]
    Refused(Failure),
    /// Somebody has, or had, this user name.
    #[error("the user name is taken")]
    UsernameTaken,
    /// Unknown user or wrong password; which of them is nobody's business.
    #[error("user name or password is wrong")]
    InvalidCredentials,
    /// The password was right, and an operator has disabled the account.
    #[error("the account is disabled")]
    AccountDisabled,
    /// Too many wrong passwords.
    #[error("too many wrong passwords")]
    TooManyFailures {
        /// Until the window ends.
        retry_after: Duration,
    },
    /// The session that the call acts through, or the token it presents, does not hold.
    #[error("the session does not hold")]
    SessionEnded,
    /// A used refresh token was presented, and its session has ended by that.
    #[error("a used refresh token was presented")]
    TokenReused {
        /// Whose session it was.
        user_id: UserId,
        /// The session.
        session_id: SessionId,
    },
    /// No such session of the caller's.
    #[error("no such session")]
    SessionNotFound,
    /// The service key is unknown or revoked.
    #[error("the service key does not hold")]
    ServiceKeyRefused,
    /// The same was being done at the same time and was quicker.
    #[error("somebody else was quicker")]
    Overtaken,
    /// Hashing failed or had no room in time.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// Signing failed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database failed.
    #[error("database")]
    Database(#[from] sqlx::Error),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

impl Fault for Error {
    fn failure(&self) -> Failure {
        match self {
            Self::Invalid(violations) => Failure::invalid_fields(violations.clone()),
            Self::Refused(failure) => failure.clone(),
            Self::UsernameTaken => Failure::new(Reason::UsernameTaken, "this user name is taken"),
            Self::InvalidCredentials => Failure::new(
                Reason::InvalidCredentials,
                "the user name or the password is wrong",
            ),
            Self::AccountDisabled => {
                Failure::new(Reason::AccountDisabled, "this account is disabled")
            }
            Self::TooManyFailures { retry_after } => Failure::new(
                Reason::RateLimited,
                "too many wrong passwords; try again later",
            )
            .with_retry_after(*retry_after),
            Self::SessionEnded | Self::TokenReused { .. } => Failure::new(
                Reason::Unauthenticated,
                "the session has ended or the token does not hold; log in again",
            ),
            Self::SessionNotFound => Failure::new(Reason::NotFound, "there is no such session"),
            Self::ServiceKeyRefused => {
                Failure::new(Reason::Unauthenticated, "the service key does not hold")
            }
            Self::Hash(HashError::Overloaded) | Self::Overtaken => {
                Failure::unavailable(Duration::from_secs(1))
            }
            Self::Database(error) => {
                kith_postgres::trouble(error).map_or_else(Failure::internal, Failure::from)
            }
            Self::Hash(HashError::Failed) | Self::Key(_) => Failure::internal(),
        }
    }
}
