//! How does it fail? [`Failure`] is what a caller may know of an error: a machine-readable [`Reason`], one public
//! sentence, the bad fields, and when to retry. One table gives each reason its word, its kind and its HTTP status.
//! Services keep their own error enums and say by [`Fault`] what of them is public.
#![warn(missing_docs)]

mod reason;
mod status;

use std::time::Duration;

pub use kith_api::common::v1::ErrorReason as Reason;
pub use reason::{Kind, ReasonExt};
pub use status::into_status;

/// What a caller may know of an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The machine-readable word.
    pub reason: Reason,
    /// One sentence for people; nothing internal, none of the caller's input.
    pub message: String,
    /// Every bad field at once.
    pub violations: Vec<Violation>,
    /// When to try again, where that is known.
    pub retry_after: Option<Duration>,
}

/// One bad field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field as the caller wrote it: `text`, `user_ids[2]`.
    pub field: String,
    /// What is wrong, in one word: `required`, `too_short`, `too_long`, `invalid`, `not_found`, …
    pub code: String,
    /// The same as a sentence.
    pub message: String,
}

/// An error enum that can say what of it is public.
pub trait Fault: std::error::Error {
    /// The public part. An internal error answers [`Failure::internal`].
    fn failure(&self) -> Failure;
}

impl Failure {
    /// A failure with a sentence.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            violations: Vec::new(),
            retry_after: None,
        }
    }

    /// Our fault; says nothing else.
    pub fn internal() -> Self {
        Self::new(Reason::Internal, "something went wrong on our side")
    }

    /// Not now.
    pub fn unavailable(retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(
                Reason::Unavailable,
                "the service cannot answer right now; try again",
            )
        }
    }

    /// Bad fields, all of them.
    pub fn invalid_fields(violations: Vec<Violation>) -> Self {
        Self {
            violations,
            ..Self::new(Reason::InvalidField, "one or more fields are not valid")
        }
    }

    /// One bad field.
    pub fn invalid_field(field: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        Self::invalid_fields(vec![Violation::new(field, code, message)])
    }

    /// Says when to try again.
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.reason.is_retryable()
    }
}

impl Violation {
    /// Names one bad field.
    pub fn new(field: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            code: code.to_owned(),
            message: message.into(),
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.reason.word(), self.message)
    }
}

impl std::error::Error for Failure {}

impl Fault for Failure {
    fn failure(&self) -> Failure {
        self.clone()
    }
}
