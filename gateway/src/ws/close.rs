//! Why a socket is closed: each reason's code, and the `err` frame that goes before it.

use std::time::Duration;

use kith_error::{Failure, Reason};

use super::transport::LAST_WRITE;

/// Why a socket is closed by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Close {
    /// This node is leaving.
    Draining,
    /// Our fault, or the log's epoch changed: start over.
    Internal,
    HelloTimeout,
    TokenExpired,
    Slow,
    RateLimited,
    BadFrame,
    AuthFailed,
    Revoked,
    AccountDisabled,
    TooManyDevices,
}

impl Close {
    /// The close code: 4000-4499 means reconnect, from 4500 on stop.
    pub(crate) const fn code(self) -> u16 {
        match self {
            Self::Draining => 1001,
            Self::Internal => 4000,
            Self::HelloTimeout => 4001,
            Self::TokenExpired => 4002,
            Self::Slow => 4003,
            Self::RateLimited => 4004,
            Self::BadFrame => 4500,
            Self::AuthFailed => 4501,
            Self::Revoked => 4502,
            Self::AccountDisabled => 4503,
            Self::TooManyDevices => 4504,
        }
    }

    /// The word in the close frame.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::Internal => "internal",
            Self::HelloTimeout => "hello_timeout",
            Self::TokenExpired => "token_expired",
            Self::Slow => "slow",
            Self::RateLimited => "rate_limited",
            Self::BadFrame => "bad_frame",
            Self::AuthFailed => "auth_failed",
            Self::Revoked => "revoked",
            Self::AccountDisabled => "account_disabled",
            Self::TooManyDevices => "too_many_devices",
        }
    }

    /// How long the last frames may take to leave. Who has taken nothing for eight seconds is cut off after ten.
    pub(crate) const fn last_write(self) -> Duration {
        match self {
            Self::Slow => Duration::from_secs(2),
            _ => LAST_WRITE,
        }
    }

    /// What the `err` frame before it says; none for a node that leaves.
    pub(crate) fn failure(self) -> Option<Failure> {
        let (reason, message) = match self {
            Self::Draining => return None,
            Self::Internal => (Reason::Internal, "start over on a new connection"),
            Self::HelloTimeout => (Reason::HelloTimeout, "no hello within 10 s"),
            Self::TokenExpired => (Reason::TokenExpired, "the access token has expired"),
            Self::Slow => (Reason::Slow, "the connection does not take what it is sent"),
            Self::RateLimited => (Reason::RateLimited, "too many frames"),
            Self::BadFrame => (Reason::BadFrame, "too many bad frames"),
            Self::AuthFailed => (Reason::AuthFailed, "the access token does not hold"),
            Self::Revoked => (Reason::Revoked, "the session has ended"),
            Self::AccountDisabled => (Reason::AccountDisabled, "the account is disabled"),
            Self::TooManyDevices => (Reason::TooManyDevices, "too many open sockets"),
        };
        Some(Failure::new(reason, message))
    }
}
