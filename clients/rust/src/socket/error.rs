//! How connecting and asking fail.

use std::time::Duration;

use tokio_tungstenite::tungstenite::{self, http::header::RETRY_AFTER};

use super::Closed;
use crate::model::Refused;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The server answered `hello` with an `err` and a close.
    #[error("hello was refused with {code}", code = .refused.code)]
    Refused {
        /// The `err` frame.
        refused: Refused,
        /// The close after it.
        closed: Closed,
    },
    /// The connection ended before `ready`.
    #[error("the connection ended before it was ready: {0:?}")]
    Closed(Closed),
    /// The first frame was neither `ready` nor `err`.
    #[error("the server did not answer hello")]
    NotReady,
    /// The server would not upgrade: the status, and its `Retry-After`.
    #[error("no upgrade: status {0}")]
    NoUpgrade(u16, Option<Duration>),
    /// A header that cannot be sent.
    #[error("a header of the upgrade is not valid")]
    BadHeader,
    /// The network failed.
    #[error("cannot connect")]
    Transport(#[source] Box<tungstenite::Error>),
}

impl ConnectError {
    /// When to come again, if the server said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NoUpgrade(_, retry_after) => *retry_after,
            _ => None,
        }
    }
}

impl From<tungstenite::Error> for ConnectError {
    fn from(error: tungstenite::Error) -> Self {
        match error {
            tungstenite::Error::Http(response) => {
                let retry_after = response.headers().get(RETRY_AFTER);
                let seconds = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
                Self::NoUpgrade(response.status().as_u16(), seconds.map(Duration::from_secs))
            }
            other => Self::Transport(Box::new(other)),
        }
    }
}

impl From<SocketError> for ConnectError {
    fn from(error: SocketError) -> Self {
        match error {
            SocketError::Closed(Some(closed)) => Self::Closed(closed),
            _ => Self::NotReady,
        }
    }
}

/// Why a request has no good answer.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// The server refused it.
    #[error("refused with {code}: {message}", code = .0.code, message = .0.message)]
    Refused(Refused),
    /// The connection ended first: the outcome is unknown.
    #[error("the connection ended: {0:?}")]
    Closed(Option<Closed>),
    /// The answer is not of the contract.
    #[error("unreadable answer")]
    Unreadable(#[from] serde_json::Error),
}

impl SocketError {
    /// The machine-readable word, when the server answered.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(refused) => Some(&refused.code),
            _ => None,
        }
    }

    /// Whether to send the same request, with the same `client_id`, again.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Refused(refused) => refused.retryable,
            Self::Closed(_) | Self::Unreadable(_) => true,
        }
    }
}
