//! What a room is, and what a group may be called.

use kith_error::Violation;

use super::message::is_blank;

/// Longest name of a group, in characters.
const NAME_MAX: usize = 80;

/// What sort of room it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoomKind {
    /// Two people, for ever.
    Direct,
    /// A named group.
    Group,
}

impl RoomKind {
    /// Reads the table's word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "direct" => Some(Self::Direct),
            "group" => Some(Self::Group),
            _ => None,
        }
    }
}

/// What is wrong with a group's name, if anything: 1..80 characters, something visible, nothing that steers a terminal or
/// turns the direction of the text around it.
pub(crate) fn check_name(name: &str) -> Option<Violation> {
    let refuse = |code, message: &str| Some(Violation::new("name", code, message));
    if name.is_empty() {
        return refuse("required", "a group needs a name");
    }
    if name.chars().count() > NAME_MAX {
        return refuse("too_long", "at most 80 characters");
    }
    if name.chars().any(|c| c.is_control() || is_bidi_override(c)) {
        return refuse(
            "invalid",
            "control and bidi-override characters are not allowed",
        );
    }
    if name.chars().all(is_blank) {
        return refuse("blank", "a name needs something visible");
    }
    None
}

const fn is_bidi_override(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(name: &str) -> Option<String> {
        check_name(name).map(|violation| violation.code)
    }

    #[test]
    fn a_name_has_a_visible_character_and_no_tricks() {
        let longest = "ü".repeat(80);
        let too_long = "a".repeat(81);
        let cases = [
            ("Lunch", None),
            (" x ", None),
            ("👩‍👩‍👧 family", None),
            (longest.as_str(), None),
            ("", Some("required")),
            (too_long.as_str(), Some("too_long")),
            ("   ", Some("blank")),
            ("\u{200B}\u{2060}", Some("blank")),
            ("a\u{0}b", Some("invalid")),
            ("two\nlines", Some("invalid")),
            ("abc\u{202E}cba", Some("invalid")),
            ("\u{2067}x", Some("invalid")),
        ];
        for (name, expected) in cases {
            assert_eq!(code(name).as_deref(), expected, "{name:?}");
        }
    }
}
