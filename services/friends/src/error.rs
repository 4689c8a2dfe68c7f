//! The ways in which a use case of the graph ends badly, and what of them is public.

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
    #[error("the caller named themselves")]
    TargetsSelf,
    #[error("no such user")]
    UserNotFound,
    #[error("no such request, or not the caller's")]
    RequestNotFound,
    #[error("the caller blocks them")]
    Blocking,
    #[error("not the caller's part in this request")]
    NotTheirs,
    #[error("they are friends")]
    AlreadyFriends,
    #[error("a request is open")]
    AlreadyRequested,
    #[error("the request is closed")]
    RequestClosed,
    #[error("privacy settings forbid it")]
    NotAllowedByPrivacy,
    #[error("the day's budget of contacts is used up")]
    TooManyContacts { retry_after: Duration },
    #[error("hashed with a salt that was replaced")]
    SaltChanged,
    /// Something that another crate already put into public words: the caller context, a cursor.
    #[error("{0}")]
    Refused(#[from] Failure),
    /// Chat or accounts did not answer; what was committed is finished by the outbox.
    #[error("{0} cannot be reached")]
    Unreachable(&'static str),
    #[error("{service} refused: {failure}")]
    SiblingRefused {
        service: &'static str,
        failure: Failure,
    },
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl Error {
    /// Whether the same work may succeed later.
    pub(crate) fn is_retryable(&self) -> bool {
        self.failure().is_retryable() && !matches!(self, Self::SiblingRefused { .. })
    }
}

impl Fault for Error {
    fn failure(&self) -> Failure {
        match self {
            Self::InvalidFields(violations) => Failure::invalid_fields(violations.clone()),
            Self::TargetsSelf => {
                Failure::new(Reason::CannotTargetSelf, "this cannot be done to oneself")
            }
            Self::UserNotFound => Failure::new(Reason::NotFound, "there is no such user"),
            Self::RequestNotFound => {
                Failure::new(Reason::NotFound, "there is no such friend request")
            }
            Self::Blocking => Failure::new(Reason::Forbidden, "unblock this person first"),
            Self::NotTheirs => Failure::new(
                Reason::Forbidden,
                "a request is accepted or declined by its receiver and cancelled by its sender",
            ),
            Self::AlreadyFriends => Failure::new(Reason::AlreadyFriends, "you are friends already"),
            Self::AlreadyRequested => Failure::new(
                Reason::AlreadyRequested,
                "a request to this person is open already",
            ),
            Self::RequestClosed => Failure::new(
                Reason::RequestClosed,
                "the request was answered or withdrawn before",
            ),
            Self::NotAllowedByPrivacy => Failure::new(
                Reason::NotAllowedByPrivacy,
                "this person does not allow that",
            ),
            Self::TooManyContacts { retry_after } => Failure::new(
                Reason::RateLimited,
                "too many contacts for one day; go on later",
            )
            .with_retry_after(*retry_after),
            Self::SaltChanged => Failure::new(
                Reason::Conflict,
                "contacts are hashed with another salt now; read it again",
            ),
            Self::Refused(failure) => failure.clone(),
            Self::Unreachable(_) => Failure::unavailable(RETRY_AFTER),
            Self::Store(StoreError::Database(error)) => {
                kith_postgres::trouble(error).map_or_else(Failure::internal, Failure::from)
            }
            Self::SiblingRefused { .. } | Self::Store(StoreError::Inconsistent { .. }) => {
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
