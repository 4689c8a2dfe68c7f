//! What can go wrong in chat, as far as a caller does something different about it.

use std::time::Duration;

use kith_error::{Failure, Fault, Reason, Violation};
use kith_postgres::trouble;

/// Outcomes of chat's use cases.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such room, or the caller is not in it.
    #[error("no such room")]
    RoomNotFound,
    /// There is no such message, or the caller may not see it.
    #[error("no such message")]
    MessageNotFound,
    /// There is no such person, or they are not in the room.
    #[error("no such person")]
    UserNotFound,
    /// There is no consumer of the feed with this name.
    #[error("no such consumer")]
    ConsumerNotFound,
    /// The caller sees the thing and may not do this; the sentence says why.
    #[error("forbidden: {0}")]
    Forbidden(&'static str),
    /// A block or a privacy setting stands in the way.
    #[error("not allowed by privacy")]
    NotAllowedByPrivacy,
    /// The caller named themselves.
    #[error("the caller named themselves")]
    CannotTargetSelf,
    /// The `client_id` was used with another body.
    #[error("client_id was used with another body")]
    ClientIdReused,
    /// The last owner would leave others behind.
    #[error("the last owner would leave others behind")]
    LastOwner,
    /// The group has reached its size.
    #[error("the room is full")]
    RoomFull,
    /// A bound of this node is reached; the sentence says which.
    #[error("too many: {0}")]
    TooMany(&'static str),
    /// One or more bad fields.
    #[error("invalid fields")]
    Invalid(Vec<Violation>),
    /// The lane's queue is too old, or a commit's outcome is unknown: a retry with the same `client_id` resolves it.
    #[error("unavailable: {0}")]
    Unavailable(&'static str),
    /// An append failed in a way that a retry will not mend; logged where it happened.
    #[error("an append failed")]
    AppendFailed,
    /// Somebody else has said already what is public about it: a sibling service, a shared crate.
    #[error(transparent)]
    Said(#[from] Failure),
    /// A row holds what it cannot hold.
    #[error("inconsistent row in {table}: {column}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// The database.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
}

impl Error {
    /// One bad field.
    pub fn invalid_field(field: impl Into<String>, code: &str, message: &str) -> Self {
        Self::Invalid(vec![Violation::new(field, code, message)])
    }
}

impl Fault for Error {
    fn failure(&self) -> Failure {
        match self {
            Self::RoomNotFound => Failure::new(Reason::NotFound, "there is no such room"),
            Self::MessageNotFound => Failure::new(Reason::NotFound, "there is no such message"),
            Self::UserNotFound => Failure::new(Reason::NotFound, "there is no such person"),
            Self::ConsumerNotFound => {
                Failure::new(Reason::NotFound, "there is no such consumer; consume first")
            }
            Self::TooMany(why) => {
                Failure::new(Reason::RateLimited, *why).with_retry_after(Duration::from_secs(5))
            }
            Self::Forbidden(why) => Failure::new(Reason::Forbidden, *why),
            Self::NotAllowedByPrivacy => Failure::new(
                Reason::NotAllowedByPrivacy,
                "their privacy settings do not allow this",
            ),
            Self::CannotTargetSelf => {
                Failure::new(Reason::CannotTargetSelf, "this needs another person")
            }
            Self::ClientIdReused => Failure::new(
                Reason::ClientIdReused,
                "this client_id was used with another body before",
            ),
            Self::LastOwner => Failure::new(
                Reason::LastOwner,
                "hand the group over to another owner first",
            ),
            Self::RoomFull => Failure::new(Reason::RoomFull, "the group has reached its size"),
            Self::Invalid(violations) => Failure::invalid_fields(violations.clone()),
            Self::Unavailable(_) => Failure::unavailable(Duration::from_secs(1)),
            Self::Said(failure) => failure.clone(),
            Self::Inconsistent { .. } | Self::AppendFailed => Failure::internal(),
            Self::Database(error) => trouble(error).map_or_else(Failure::internal, Failure::from),
        }
    }
}

impl From<tonic::Status> for Error {
    /// A sibling's refusal, in its own words.
    fn from(status: tonic::Status) -> Self {
        Self::Said(Failure::from(&status))
    }
}

impl From<prost::DecodeError> for Error {
    fn from(_: prost::DecodeError) -> Self {
        Self::Inconsistent {
            table: "room_events or user_events",
            column: "body",
        }
    }
}
