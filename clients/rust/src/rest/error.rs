//! How a call fails: refused by the server with a problem document, or without any answer.

use std::time::Duration;

use reqwest::{Response, StatusCode, header::RETRY_AFTER};
use serde::Deserialize;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The server answered with a problem document.
    #[error("refused with {status} {code}: {detail}", status = .0.status, code = .0.code, detail = .0.detail)]
    Refused(Box<Problem>),
    /// No answer came; what was asked may have happened.
    #[error("no answer from the server")]
    Transport(#[from] reqwest::Error),
    /// An answer that is not of the contract.
    #[error("unreadable answer with status {status}")]
    Unreadable {
        /// Its status.
        status: StatusCode,
        /// What is wrong with its body.
        source: serde_json::Error,
    },
}

/// The problem document of an error answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// The machine-readable word; decide by this.
    pub code: String,
    /// What happened, in a few words.
    #[serde(default)]
    pub title: String,
    /// One sentence for people.
    #[serde(default)]
    pub detail: String,
    /// Names the call in the server's logs.
    #[serde(default)]
    pub request_id: String,
    /// Whether the same call may succeed later.
    #[serde(default)]
    pub retryable: bool,
    /// Every bad field.
    #[serde(default)]
    pub errors: Vec<FieldError>,
    /// When to try again, in the body.
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
    /// When to try again, from the `Retry-After` header.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
}

/// One bad field.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FieldError {
    /// Which.
    pub field: String,
    /// What is wrong, in one word.
    pub code: String,
    /// The same as a sentence.
    pub message: String,
}

impl ApiError {
    /// The machine-readable word, when the server answered.
    pub fn code(&self) -> Option<&str> {
        self.problem().map(|problem| problem.code.as_str())
    }

    /// The HTTP status, when the server answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(problem) => Some(problem.status),
            Self::Unreadable { status, .. } => Some(status.as_u16()),
            Self::Transport(_) => None,
        }
    }

    /// The problem document, when the server sent one.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }

    /// Whether what was asked may have happened all the same: repeat a creating call with the same `client_id`.
    pub fn is_outcome_unknown(&self) -> bool {
        match self {
            Self::Refused(problem) => matches!(
                problem.code.as_str(),
                "timeout" | "unavailable" | "internal"
            ),
            Self::Transport(_) | Self::Unreadable { .. } => true,
        }
    }

    /// When to try again, if the server said so.
    pub fn retry_after(&self) -> Option<Duration> {
        let problem = self.problem()?;
        problem
            .retry_after_ms
            .map(Duration::from_millis)
            .or(problem.retry_after)
    }

    pub(super) async fn from_response(response: Response) -> Self {
        let status = response.status();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        let body = match response.bytes().await {
            Ok(body) => body,
            Err(error) => return Self::Transport(error),
        };
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => Self::Refused(Box::new(Problem {
                retry_after,
                ..problem
            })),
            Err(source) => Self::Unreadable { status, source },
        }
    }
}
