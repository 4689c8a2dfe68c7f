//! User names: 3 to 32 of `a-z 0-9 _ .`, folded to lower case first. Only ASCII letters are folded and everything else is refused, so no
//! two names look alike by Unicode's doing: a full-width or accented twin is no user name at all, and nothing is trimmed.

use sha2::{Digest as _, Sha256};

use super::{fields::Flaw, text::is_longer_than};

/// Fewest characters.
const MIN: usize = 3;
/// Most characters.
const MAX: usize = 32;
/// Names that speak for the system; nobody may register them.
const RESERVED: [&str; 19] = [
    "admin",
    "administrator",
    "anonymous",
    "api",
    "deleted",
    "everyone",
    "help",
    "here",
    "kith",
    "me",
    "moderator",
    "null",
    "official",
    "root",
    "security",
    "staff",
    "support",
    "system",
    "undefined",
];
const RULE: &str = "3 to 32 characters of a-z, 0-9, _ and .";

/// A well-formed user name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Username(String);

impl Username {
    /// Folds and checks a name as somebody typed it.
    pub(crate) fn parse(text: &str) -> Result<Self, Flaw> {
        if text.is_empty() {
            return Err(Flaw::new("required", RULE));
        }
        if is_longer_than(text, MAX) {
            return Err(Flaw::new("too_long", RULE));
        }
        let folded = text.to_ascii_lowercase();
        if !folded
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.'))
        {
            return Err(Flaw::new("invalid", RULE));
        }
        if folded.len() < MIN {
            return Err(Flaw::new("too_short", RULE));
        }
        Ok(Self(folded))
    }

    /// The same, for a new account: reserved names are refused too. Dots and underscores don't make them anything else.
    pub(crate) fn parse_new(text: &str) -> Result<Self, Flaw> {
        let name = Self::parse(text)?;
        let core: String = name.0.chars().filter(|c| !matches!(c, '_' | '.')).collect();
        if core.is_empty() {
            return Err(Flaw::new("invalid", "at least one letter or digit"));
        }
        if RESERVED.contains(&core.as_str()) {
            return Err(Flaw::new("reserved", "this user name is reserved"));
        }
        Ok(name)
    }

    /// The folded text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What stays of the name when its account is deleted, so that nobody can take it over.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new_with_prefix(b"kith user name v1\0");
        hash.update(self.0.as_bytes());
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> Option<&'static str> {
        Username::parse_new(text).err().map(|flaw| flaw.code)
    }

    #[test]
    fn names_are_judged_by_this_table() {
        let cases = [
            ("alice", None),
            ("Alice.B_7", None),
            ("007", None),
            ("", Some("required")),
            ("ab", Some("too_short")),
            ("a".repeat(33).leak(), Some("too_long")),
            ("alice ", Some("invalid")),
            (" alice", Some("invalid")),
            ("ａｌｉｃｅ", Some("invalid")),
            ("аlice", Some("invalid")),
            ("alıce", Some("invalid")),
            ("ali\u{200B}ce", Some("invalid")),
            ("ali\0ce", Some("invalid")),
            ("a@b.c", Some("invalid")),
            ("...", Some("invalid")),
            ("admin", Some("reserved")),
            ("ADMIN", Some("reserved")),
            ("ad.min_", Some("reserved")),
            ("kith", Some("reserved")),
        ];
        for (text, expected) in cases {
            assert_eq!(code(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn case_twins_are_one_name(text in "[a-zA-Z0-9_.]{3,32}") {
            let name = Username::parse(&text).unwrap();
            prop_assert_eq!(&name, &Username::parse(&text.to_ascii_uppercase()).unwrap());
            prop_assert_eq!(name.digest(), Username::parse(&text.to_ascii_lowercase()).unwrap().digest());
        }

        #[test]
        fn whatever_is_accepted_is_of_the_alphabet(text in "\\PC{0,40}") {
            if let Ok(name) = Username::parse(&text) {
                prop_assert!((MIN..=MAX).contains(&name.as_str().len()));
                prop_assert!(name.as_str().bytes().all(|b| b"abcdefghijklmnopqrstuvwxyz0123456789_.".contains(&b)));
            }
        }
    }
}
