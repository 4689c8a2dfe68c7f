//! Contacts as clients hash them, what they are hashed with, and how many a person may ask about.

use chrono::{DateTime, TimeDelta, Utc};

/// Bytes of a client's hash, and of its digest at rest.
pub(crate) const HASH_LENGTH: usize = 32;
/// Numbers and addresses of one person.
pub(crate) const MAX_OWN: usize = 10;
/// Contacts in one question.
pub(crate) const MAX_ASKED: usize = 1000;
/// Contacts for whom one person waits.
pub(crate) const MAX_AWAITED: i64 = 5000;
/// In this time the budget is full again.
const WINDOW: TimeDelta = TimeDelta::hours(24);

/// A contact, hashed by a client.
pub(crate) type ContactHash = [u8; HASH_LENGTH];

/// How much somebody has asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    pub start: DateTime<Utc>,
    pub asked: u32,
}

impl Budget {
    /// The budget after asking about `count` more, or until when there is none left for them.
    pub(crate) fn ask(
        before: Option<Self>,
        count: u32,
        most: u32,
        now: DateTime<Utc>,
    ) -> Result<Self, DateTime<Utc>> {
        let current = before.filter(|budget| now < budget.start + WINDOW);
        let current = current.unwrap_or(Self {
            start: now,
            asked: 0,
        });
        let asked = current.asked.saturating_add(count);
        if asked > most {
            return Err(current.start + WINDOW);
        }
        Ok(Self { asked, ..current })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_lasts_a_day_and_then_is_full_again() {
        let now = DateTime::UNIX_EPOCH;

        let first = Budget::ask(None, 60, 100, now).unwrap();
        let second = Budget::ask(Some(first), 40, 100, now + TimeDelta::hours(1)).unwrap();
        let third = Budget::ask(Some(second), 1, 100, now + TimeDelta::hours(23));
        let next_day = Budget::ask(Some(second), 100, 100, now + WINDOW).unwrap();

        assert_eq!(
            second,
            Budget {
                start: now,
                asked: 100
            }
        );
        assert_eq!(third, Err(now + WINDOW));
        assert_eq!(next_day.asked, 100);
        assert!(
            Budget::ask(None, 101, 100, now).is_err(),
            "more than a day's at once"
        );
    }
}
