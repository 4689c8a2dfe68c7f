//! How many wrong passwords are too many. Counted for what is guessed at, wherever the guesses come from, so a net of addresses gains nothing.
//! Guesses through a live session count apart from guesses at the login, so neither locks the other out.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kith_ids::UserId;
use sha2::{Digest as _, Sha256};

use super::username::Username;

/// What is guessed at, as a digest: names that nobody has are counted too, and not remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subject(pub(crate) [u8; 32]);

/// Failures within the current window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failures {
    pub(crate) count: i32,
    pub(crate) window_start: DateTime<Utc>,
}

/// How many failures are allowed in how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FailureBudget {
    pub(crate) failures: u32,
    pub(crate) window: TimeDelta,
}

impl Subject {
    /// Guesses at the login of this name.
    pub(crate) fn login(name: &Username) -> Self {
        Self::of(b"login\0", name.as_str().as_bytes())
    }

    /// Guesses at the login of a text that nobody can have as a name.
    pub(crate) fn impossible_login(text: &str) -> Self {
        Self::of(b"login\0", text.as_bytes())
    }

    /// Guesses made through the user's own sessions.
    pub(crate) fn confirmation(user_id: UserId) -> Self {
        Self::of(b"confirmation\0", user_id.as_uuid().as_bytes())
    }

    fn of(purpose: &[u8], bytes: &[u8]) -> Self {
        let mut hash = Sha256::new_with_prefix(purpose);
        hash.update(bytes);
        Self(hash.finalize().into())
    }
}

impl FailureBudget {
    /// How long the next attempt must wait; `None` when it may be made now.
    pub(crate) fn wait(&self, failures: Option<Failures>, now: DateTime<Utc>) -> Option<Duration> {
        let failures = failures?;
        let end = failures.window_start + self.window;
        if end <= now || i64::from(failures.count) < i64::from(self.failures) {
            return None;
        }
        (end - now).to_std().ok()
    }

    /// The start of the window that `now` would still be in.
    pub(crate) fn oldest_start(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - self.window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: FailureBudget = FailureBudget {
        failures: 5,
        window: TimeDelta::minutes(15),
    };

    #[test]
    fn the_attempt_after_the_fifth_failure_waits_until_the_window_ends() {
        let start = DateTime::UNIX_EPOCH;
        let failures = |count| {
            Some(Failures {
                count,
                window_start: start,
            })
        };
        let later = start + TimeDelta::minutes(5);

        assert_eq!(BUDGET.wait(None, later), None);
        assert_eq!(BUDGET.wait(failures(4), later), None);
        assert_eq!(
            BUDGET.wait(failures(5), later),
            Some(Duration::from_mins(10))
        );
        assert_eq!(
            BUDGET.wait(failures(9), start + TimeDelta::minutes(15)),
            None
        );
    }

    #[test]
    fn case_twins_share_a_budget_and_kinds_of_guesses_do_not() {
        let id = UserId::new(uuid::Uuid::from_u128(1));
        let [lower, upper] = ["alice", "ALICE"].map(|name| Username::parse(name).unwrap());

        assert_eq!(Subject::login(&lower), Subject::login(&upper));
        assert_ne!(Subject::login(&lower), Subject::confirmation(id));
    }
}
