//! Messages, the names of groups, and the names that clients give what they create.

use super::{
    Flaw,
    characters::{is_blank, is_longer_than, line},
};

/// Longest message, in characters.
pub const MAX_MESSAGE: usize = 4_000;
const MAX_GROUP_NAME: usize = 80;
const MAX_CLIENT_ID: usize = 64;

/// A message: 1 to 4,000 characters, something to see, no NUL. It is never changed: kept to the byte.
pub fn message(text: &str) -> Result<(), Flaw> {
    if text.is_empty() {
        return Err(Flaw::new("required", "a text is needed"));
    }
    if is_longer_than(text, MAX_MESSAGE) {
        return Err(Flaw::new("too_long", "at most 4,000 characters"));
    }
    if text.contains('\0') {
        return Err(Flaw::new("invalid", "must not contain NUL"));
    }
    if is_blank(text) {
        return Err(Flaw::new("blank", "must show something"));
    }
    Ok(())
}

/// A group's name: 1 to 80 characters on one line, something to see.
pub fn group_name(text: &str) -> Result<(), Flaw> {
    if text.is_empty() {
        return Err(Flaw::new("required", "a group needs a name"));
    }
    if is_longer_than(text, MAX_GROUP_NAME) {
        return Err(Flaw::new("too_long", "at most 80 characters"));
    }
    line(text)?;
    if is_blank(text) {
        return Err(Flaw::new("blank", "a name needs something visible"));
    }
    Ok(())
}

/// A `client_id`: 1 to 64 printable ASCII characters.
pub fn client_id(text: &str) -> Result<(), Flaw> {
    if text.is_empty() {
        return Err(Flaw::new("required", "a client_id is needed"));
    }
    if is_longer_than(text, MAX_CLIENT_ID) {
        return Err(Flaw::new("too_long", "at most 64 characters"));
    }
    if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(Flaw::new("invalid", "printable ASCII characters only"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::Rule;

    use super::*;

    fn judge(rule: Rule, cases: &[(&str, Option<&str>)]) {
        for (text, expected) in cases {
            let code = rule(text).err().map(|flaw| flaw.code);

            assert_eq!(code, *expected, "{text:?}");
        }
    }

    #[test]
    fn a_message_shows_something() {
        let longest = "😀".repeat(MAX_MESSAGE);
        let too_long = format!("{longest}x");
        judge(
            message,
            &[
                ("hi", None),
                ("\u{202E}hi", None),
                (" \n x", None),
                (&longest, None),
                (&too_long, Some("too_long")),
                ("", Some("required")),
                (" \n\t", Some("blank")),
                ("\u{200B}\u{FEFF}", Some("blank")),
                ("a\0b", Some("invalid")),
            ],
        );
    }

    #[test]
    fn a_name_has_a_visible_character_and_no_tricks() {
        let longest = "ü".repeat(80);
        let too_long = "a".repeat(81);
        judge(
            group_name,
            &[
                ("Lunch", None),
                (" x ", None),
                ("👩‍👩‍👧 family", None),
                (&longest, None),
                ("", Some("required")),
                (&too_long, Some("too_long")),
                ("   ", Some("blank")),
                ("\u{200B}\u{2060}", Some("blank")),
                ("a\u{0}b", Some("invalid")),
                ("two\nlines", Some("invalid")),
                ("abc\u{202E}cba", Some("invalid")),
                ("\u{2067}x", Some("invalid")),
            ],
        );
    }

    #[test]
    fn a_client_id_is_printable_ascii() {
        let long = "x".repeat(65);
        judge(
            client_id,
            &[
                ("a", None),
                ("a b~", None),
                (&long[..64], None),
                ("", Some("required")),
                (&long, Some("too_long")),
                ("é", Some("invalid")),
                ("a\tb", Some("invalid")),
                ("a\0", Some("invalid")),
            ],
        );
    }
}
