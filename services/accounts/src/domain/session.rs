//! Sessions: one for each login on a device, until it ends.

use chrono::{DateTime, Utc};
use kith_ids::{SessionId, UserId};

use super::{
    fields::Flaw,
    text::{check_line, is_longer_than},
};

/// More logins than this end the user's least recently used session, so that the list of sessions is always whole.
pub(crate) const MAX_SESSIONS: i64 = 100;
const MAX_DEVICE_NAME: usize = 64;
const MAX_ATTEMPT_ID: usize = 64;

/// A live session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) user_id: UserId,
    pub(crate) device_name: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_used_at: DateTime<Utc>,
}

/// Why a session ended; decides how its sockets are closed. Stored as its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Its user, or a rule, ended it.
    Ended,
    /// An operator disabled the account.
    AccountDisabled,
}

/// A session that ended while its access tokens may still be unexpired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Revocation {
    pub(crate) position: i64,
    pub(crate) user_id: UserId,
    pub(crate) session_id: SessionId,
    pub(crate) cause: Cause,
    pub(crate) revoked_at: DateTime<Utc>,
}

impl Cause {
    /// The number in the table.
    pub(crate) const fn number(self) -> i16 {
        match self {
            Self::Ended => 1,
            Self::AccountDisabled => 2,
        }
    }

    /// The cause with that number. A number that a newer node wrote means at least that the session has ended.
    pub(crate) const fn of_number(number: i16) -> Self {
        match number {
            2 => Self::AccountDisabled,
            _ => Self::Ended,
        }
    }
}

/// At most 64 characters on one line; may be empty.
pub(crate) fn check_device_name(text: &str) -> Result<(), Flaw> {
    if is_longer_than(text, MAX_DEVICE_NAME) {
        return Err(Flaw::new("too_long", "at most 64 characters"));
    }
    check_line(text)
}

/// 1 to 64 printable ASCII characters.
pub(crate) fn check_attempt_id(text: &str) -> Result<(), Flaw> {
    let rule = "1 to 64 printable ASCII characters";
    if text.is_empty() {
        return Err(Flaw::new("too_short", rule));
    }
    if is_longer_than(text, MAX_ATTEMPT_ID) {
        return Err(Flaw::new("too_long", rule));
    }
    if !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Err(Flaw::new("invalid", rule));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_survive_the_table() {
        for cause in [Cause::Ended, Cause::AccountDisabled] {
            assert_eq!(Cause::of_number(cause.number()), cause);
        }
    }

    #[test]
    fn attempt_ids_are_printable_ascii() {
        for good in ["a", "550e8400-e29b-41d4-a716-446655440000", &"x".repeat(64)] {
            assert!(check_attempt_id(good).is_ok(), "{good}");
        }
        for bad in ["", "ü", "a\nb", &"x".repeat(65)] {
            assert!(check_attempt_id(bad).is_err(), "{bad:?}");
        }
    }
}
