//! What somebody chose to look like, and what they say of themselves.

use chrono::{DateTime, TimeDelta, Utc};

/// Characters of a custom status.
pub(crate) const CUSTOM_MAX: usize = 140;
/// How far ahead a custom status may end.
pub(crate) const EXPIRY_MAX: TimeDelta = TimeDelta::days(366);

/// How somebody wants to look while a device of theirs is connected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    #[default]
    Online,
    Away,
    Invisible,
}

/// What somebody says of themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Custom {
    pub text: String,
    pub expires: Option<DateTime<Utc>>,
}

/// A choice and its place among the choices of that person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    pub choice: Choice,
    pub custom: Option<Custom>,
    /// 0: never chose anything.
    pub version: i64,
}

/// A change of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WishChange {
    pub choice: Choice,
    /// Absent: stays; an empty text ends it.
    pub custom: Option<Custom>,
}

impl Choice {
    const ALL: [Self; 3] = [Self::Online, Self::Away, Self::Invisible];

    /// The word in the database.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Away => "away",
            Self::Invisible => "invisible",
        }
    }

    /// The choice of that word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.word() == word)
    }
}

impl Custom {
    /// Whether it may be said: short, on one line, and ending at a time that makes sense.
    pub(crate) fn problem(&self, now: DateTime<Utc>) -> Option<(&'static str, &'static str)> {
        if self.text.chars().count() > CUSTOM_MAX {
            return Some(("custom", "at most 140 characters"));
        }
        if self.text.chars().any(is_unfit) {
            return Some(("custom", "no control characters"));
        }
        self.expires
            .is_some_and(|at| at <= now || at > now + EXPIRY_MAX)
            .then_some((
                "custom_expires_at",
                "must be in the future and at most a year ahead",
            ))
    }
}

impl Wish {
    /// What they say of themselves at that time.
    pub(crate) fn custom_at(&self, now: DateTime<Utc>) -> Option<&str> {
        self.custom
            .as_ref()
            .filter(|custom| custom.expires.is_none_or(|at| at > now))
            .map(|custom| custom.text.as_str())
    }
}

/// Control characters, and those that turn the direction of what follows.
fn is_unfit(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn custom(text: &str, expires: Option<i64>) -> Custom {
        Custom {
            text: text.to_owned(),
            expires: expires.map(|seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)),
        }
    }

    #[test]
    fn a_custom_status_is_short_plain_and_ends_in_the_future() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(100);
        let year = 366 * 86_400;

        assert_eq!(custom("on holiday 🏖", Some(101)).problem(now), None);
        assert_eq!(custom(&"x".repeat(140), None).problem(now), None);
        for bad in [
            custom(&"x".repeat(141), None),
            custom("two\nlines", None),
            custom("\u{202e}turned", None),
            custom("", Some(100)),
            custom("", Some(101 + year)),
        ] {
            assert!(bad.problem(now).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn a_custom_status_ends_by_itself() {
        let wish = Wish {
            custom: Some(custom("lunch", Some(10))),
            ..Wish::default()
        };
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);

        assert_eq!(wish.custom_at(at(9)), Some("lunch"));
        assert_eq!(wish.custom_at(at(10)), None);
    }

    #[test]
    fn every_choice_has_its_word() {
        for choice in Choice::ALL {
            assert_eq!(Choice::from_word(choice.word()), Some(choice));
        }
        assert_eq!(Choice::from_word("offline"), None);
    }
}
