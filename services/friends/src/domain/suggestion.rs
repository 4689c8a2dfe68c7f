//! Whom somebody may know: how much speaks for it, and the reason in words.

use std::cmp::Reverse;

use chrono::{DateTime, TimeDelta, Utc};
use kith_ids::UserId;
use serde::{Deserialize, Serialize};

use super::person::{Person, fold};

/// Shared friends shown with a suggestion.
pub(crate) const SHOWN_FRIENDS: i64 = 3;
/// A new account looks for people; for so long it comes a little earlier.
const NEW_FOR: TimeDelta = TimeDelta::days(30);

/// What speaks for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signs {
    pub user: UserId,
    /// Friends they share with the viewer.
    pub shared: u32,
    /// Small groups in which both are.
    pub groups: u32,
    /// Interests of both.
    pub interests: u32,
    pub locale: String,
    pub create_time: DateTime<Utc>,
}

/// A suggestion as the viewer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Suggestion {
    pub person: Person,
    /// Some of the shared friends.
    pub mutual_friends: Vec<Person>,
    pub reason: String,
}

/// The order of suggestions: what speaks most first, then id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct SuggestionKey {
    pub score: Reverse<u32>,
    pub user: UserId,
}

impl Signs {
    /// Where it comes. A friend in common says most, a group in common nearly as much, the rest decides among equals; each is capped, so
    /// that somebody whom everybody knows does not lead every list by that alone.
    pub(crate) fn key(&self, locale: &str, now: DateTime<Utc>) -> SuggestionKey {
        let is_new = now - self.create_time < NEW_FOR;
        let score = self.shared.min(50) * 10
            + self.groups.min(5) * 8
            + self.interests.min(5) * 4
            + u32::from(same_language(&self.locale, locale)) * 2
            + u32::from(is_new);
        SuggestionKey {
            score: Reverse(score),
            user: self.user,
        }
    }
}

/// Why this person, in a few words: the strongest sign. `interests` are the viewer's, folded.
pub(crate) fn reason(person: &Person, groups: u32, interests: &[String]) -> String {
    match (person.mutual_friends_count, groups) {
        (1, _) => return "1 mutual friend".to_owned(),
        (2.., _) => return format!("{} mutual friends", person.mutual_friends_count),
        (0, 1) => return "in a group with you".to_owned(),
        (0, 2..) => return format!("in {groups} groups with you"),
        (0, 0) => {}
    }
    let shared = person.interests.iter();
    let shared: Vec<&str> = shared
        .filter(|word| interests.contains(&fold(word)))
        .map(String::as_str)
        .take(2)
        .collect();
    format!("also into {}", shared.join(" and "))
}

/// `pt-BR` and `pt` are one language; an unknown one is none.
fn same_language(one: &str, other: &str) -> bool {
    let language = |locale: &str| {
        let language = locale.split(['-', '_']).next().unwrap_or_default();
        language.to_ascii_lowercase()
    };
    !one.is_empty() && language(one) == language(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::person::Relation;

    fn signs(shared: u32, groups: u32, interests: u32, locale: &str) -> Signs {
        Signs {
            user: "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap(),
            shared,
            groups,
            interests,
            locale: locale.to_owned(),
            create_time: DateTime::UNIX_EPOCH,
        }
    }

    fn person(mutual: u32, interests: &[&str]) -> Person {
        Person {
            id: "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap(),
            username: "anna".to_owned(),
            display_name: "Anna".to_owned(),
            avatar_url: None,
            bio: String::new(),
            interests: interests.iter().map(|word| (*word).to_owned()).collect(),
            friends_count: 9,
            mutual_friends_count: mutual,
            relation: Relation::None,
            own: None,
        }
    }

    #[test]
    fn more_signs_come_first() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(400);
        let in_order = [
            signs(2, 0, 0, ""),
            signs(1, 1, 0, ""),
            signs(1, 0, 1, ""),
            signs(1, 0, 0, "pt-BR"),
            signs(1, 0, 0, "de"),
            signs(0, 1, 0, ""),
            signs(0, 0, 1, ""),
        ];

        let keys: Vec<SuggestionKey> = in_order.iter().map(|signs| signs.key("pt", now)).collect();

        assert!(keys.is_sorted(), "{keys:?}");
    }

    #[test]
    fn somebody_new_comes_before_their_equals() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(400);
        let newcomer = Signs {
            create_time: now - TimeDelta::days(2),
            ..signs(1, 0, 0, "")
        };

        assert!(newcomer.key("", now) < signs(1, 0, 0, "").key("", now));
    }

    #[test]
    fn the_reason_names_the_strongest_sign() {
        let mine = ["climbing".to_owned(), "cafe".to_owned(), "tea".to_owned()];
        let cases = [
            (person(5, &["climbing"]), 2, "5 mutual friends"),
            (person(1, &[]), 0, "1 mutual friend"),
            (person(0, &["tea"]), 1, "in a group with you"),
            (person(0, &[]), 3, "in 3 groups with you"),
            (person(0, &["Climbing", "chess"]), 0, "also into Climbing"),
            (
                person(0, &["Café", "tea", "climbing"]),
                0,
                "also into Café and tea",
            ),
        ];
        for (person, groups, expected) in cases {
            assert_eq!(reason(&person, groups, &mine), expected);
        }
    }
}
