//! Sessions: one for each login on a device, until it ends.

use chrono::{DateTime, Utc};
use kith_ids::{SessionId, UserId};

/// More logins than this end the user's least recently used session, so that the list of sessions is always whole.
pub(crate) const MAX_SESSIONS: i64 = 100;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_survive_the_table() {
        for cause in [Cause::Ended, Cause::AccountDisabled] {
            assert_eq!(Cause::of_number(cause.number()), cause);
        }
    }
}
