//! How often changes of one person are shown: the first at once, further ones when enough time has passed, and then only as things are by then.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use kith_ids::UserId;

/// Why somebody looks different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A device came or went: phones flap.
    Connection,
    /// They said so themselves: rarely, and they want to be believed.
    Choice,
}

/// What was shown when, and what waits.
#[derive(Debug)]
pub(crate) struct Pacer {
    coalesce: Duration,
    shown: HashMap<UserId, Shown>,
    waiting: BTreeSet<(Instant, UserId)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Shown {
    connection: Option<Instant>,
    choice: Option<Instant>,
    /// When what waits is due.
    due: Option<Instant>,
}

impl Pacer {
    pub(crate) fn new(coalesce: Duration) -> Self {
        Self {
            coalesce,
            shown: HashMap::new(),
            waiting: BTreeSet::new(),
        }
    }

    /// True when a change may be shown now; else it waits for its turn.
    pub(crate) fn admit(&mut self, user: UserId, cause: Cause, now: Instant) -> bool {
        let Some(shown) = self.shown.get_mut(&user) else {
            return true;
        };
        let (last, pause) = match cause {
            Cause::Connection => (shown.connection, self.coalesce),
            // A fifth: deliberate, but no means to flood those who look.
            Cause::Choice => (shown.choice, self.coalesce / 5),
        };
        let Some(due) = last.map(|last| last + pause).filter(|due| *due > now) else {
            return true;
        };
        if shown.due.is_none_or(|known| due < known) {
            if let Some(known) = shown.due.replace(due) {
                self.waiting.remove(&(known, user));
            }
            self.waiting.insert((due, user));
        }
        false
    }

    /// A change was shown to somebody.
    pub(crate) fn shown(&mut self, user: UserId, cause: Cause, now: Instant) {
        let shown = self.shown.entry(user).or_default();
        match cause {
            Cause::Connection => shown.connection = Some(now),
            Cause::Choice => shown.choice = Some(now),
        }
    }

    /// Those whose turn has come. Forgets who was quiet for long.
    pub(crate) fn take_due(&mut self, now: Instant) -> Vec<UserId> {
        let mut due = Vec::new();
        while let Some((at, user)) = self.waiting.first().copied() {
            if at > now {
                break;
            }
            self.waiting.pop_first();
            if let Some(shown) = self.shown.get_mut(&user) {
                shown.due = None;
            }
            due.push(user);
        }
        let coalesce = self.coalesce;
        self.shown.retain(|_, shown| {
            shown.due.is_some()
                || shown
                    .connection
                    .max(shown.choice)
                    .is_some_and(|at| now.saturating_duration_since(at) < coalesce)
        });
        due
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const PAUSE: Duration = Duration::from_secs(5);

    fn user() -> UserId {
        UserId::new(Uuid::nil())
    }

    #[test]
    fn a_phone_that_flaps_is_shown_once_and_then_once_more() {
        let (mut pacer, start) = (Pacer::new(PAUSE), Instant::now());
        let mut count = 0;
        for tenth in 0..50 {
            let now = start + Duration::from_millis(100 * tenth);
            count += pacer.take_due(now).len();
            if pacer.admit(user(), Cause::Connection, now) {
                pacer.shown(user(), Cause::Connection, now);
                count += 1;
            }
        }

        assert_eq!(count, 1);
        assert_eq!(pacer.take_due(start + PAUSE), [user()]);
        assert_eq!(pacer.take_due(start + PAUSE * 3), []);
        assert!(pacer.shown.is_empty());
    }

    #[test]
    fn what_somebody_says_does_not_wait_for_their_phone() {
        let (mut pacer, now) = (Pacer::new(PAUSE), Instant::now());
        pacer.shown(user(), Cause::Connection, now);

        assert!(pacer.admit(user(), Cause::Choice, now));
        pacer.shown(user(), Cause::Choice, now);

        assert!(!pacer.admit(user(), Cause::Choice, now));
        assert_eq!(pacer.take_due(now + PAUSE / 5), [user()]);
    }

    #[test]
    fn what_nobody_was_shown_does_not_count() {
        let (mut pacer, now) = (Pacer::new(PAUSE), Instant::now());

        assert!(pacer.admit(user(), Cause::Connection, now));
        assert!(pacer.admit(user(), Cause::Connection, now));
    }
}
