//! How somebody looks to a viewer.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use kith_ids::UserId;

use super::wish::{Choice, Wish};

/// What a viewer may see of somebody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct View {
    /// It is the viewer.
    pub own: bool,
    pub presence: bool,
    pub last_seen: bool,
}

/// What is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Online,
    Away,
    Offline,
}

/// How somebody looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Appearance {
    pub user: UserId,
    pub status: Status,
    pub last_seen: Option<DateTime<Utc>>,
    pub custom: Option<String>,
    /// Only to oneself.
    pub invisible: bool,
}

/// What is known of somebody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub user: UserId,
    /// What they chose, when a device of theirs is connected.
    pub here: Option<&'a Wish>,
    pub last_seen: Option<DateTime<Utc>>,
}

impl View {
    /// Nothing: a stranger, a block, nobody.
    pub(crate) const NOTHING: Self = Self {
        own: false,
        presence: false,
        last_seen: false,
    };

    /// Of oneself.
    pub(crate) const OWN: Self = Self {
        own: true,
        presence: true,
        last_seen: true,
    };

    /// Whether changes are told live. The coarse last seen alone is not: its moving would tell what is hidden.
    pub(crate) const fn is_live(self) -> bool {
        self.presence
    }
}

impl Facts<'_> {
    /// How they look through this view.
    pub(crate) fn through(self, view: View, now: DateTime<Utc>) -> Appearance {
        let visible = self
            .here
            .filter(|wish| view.presence && wish.choice != Choice::Invisible);
        let status = match visible.map(|wish| wish.choice) {
            Some(Choice::Online) => Status::Online,
            Some(Choice::Away) => Status::Away,
            Some(Choice::Invisible) | None => Status::Offline,
        };
        let said = if view.own { self.here } else { visible };
        Appearance {
            user: self.user,
            status,
            last_seen: self
                .last_seen
                .filter(|_| view.last_seen && status == Status::Offline)
                .map(|at| if view.presence { at } else { coarse(at) }),
            custom: said.and_then(|wish| wish.custom_at(now)).map(str::to_owned),
            invisible: view.own
                && self
                    .here
                    .is_some_and(|wish| wish.choice == Choice::Invisible),
        }
    }
}

/// The full hour before.
fn coarse(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::wish::Custom;

    const FULL: View = View {
        own: false,
        presence: true,
        last_seen: true,
    };

    fn wish(choice: Choice) -> Wish {
        Wish {
            choice,
            custom: Some(Custom {
                text: "hi".to_owned(),
                expires: None,
            }),
            version: 1,
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn look(here: Option<Choice>, view: View) -> Appearance {
        let wish = here.map(wish);
        Facts {
            user: UserId::new(Uuid::nil()),
            here: wish.as_ref(),
            last_seen: Some(at(4_000)),
        }
        .through(view, at(9_000))
    }

    #[test]
    fn who_is_invisible_looks_exactly_like_who_left() {
        for view in [FULL, View::NOTHING] {
            assert_eq!(look(Some(Choice::Invisible), view), look(None, view));
        }
        let own = look(Some(Choice::Invisible), View::OWN);
        assert!(own.invisible && own.status == Status::Offline);
        assert_eq!(own.custom.as_deref(), Some("hi"));
    }

    #[test]
    fn who_may_see_nothing_sees_the_same_of_everybody() {
        for here in [None, Some(Choice::Online), Some(Choice::Away)] {
            let seen = look(here, View::NOTHING);

            assert_eq!(
                (seen.status, seen.last_seen, seen.custom),
                (Status::Offline, None, None)
            );
        }
    }

    #[test]
    fn last_seen_is_exact_to_who_sees_the_status_and_an_hour_to_others() {
        let coarse = View {
            presence: false,
            ..FULL
        };

        assert_eq!(look(None, FULL).last_seen, Some(at(4_000)));
        assert_eq!(look(None, coarse).last_seen, Some(at(3_600)));
        assert_eq!(look(Some(Choice::Online), coarse), look(None, coarse));
        assert_eq!(look(Some(Choice::Online), FULL).last_seen, None);
        assert_eq!(look(Some(Choice::Away), FULL).custom.as_deref(), Some("hi"));
        assert!(!coarse.is_live());
    }
}
