//! The rules of accounts, as tables.

use proptest::prelude::*;

use crate::Rule;

use super::*;

fn code(rule: Rule, text: &str) -> Option<&'static str> {
    rule(text).err().map(|flaw| flaw.code)
}

#[test]
fn names_are_judged_by_this_table() {
    let long = "a".repeat(33);
    let cases = [
        ("alice", None),
        ("Alice.B_7", None),
        ("007", None),
        ("", Some("required")),
        ("ab", Some("too_short")),
        (&long, Some("too_long")),
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
        assert_eq!(code(new_username, text), expected, "{text:?}");
    }
    assert_eq!(code(username, "admin"), None);
}

#[test]
fn passwords_are_judged_by_characters_not_bytes() {
    let cases = [
        (String::new(), Some("required")),
        ("1234567".to_owned(), Some("too_short")),
        ("12345678".to_owned(), None),
        ("ü".repeat(8), None),
        ("🔑".repeat(128), None),
        ("x".repeat(129), Some("too_long")),
        ("x".repeat(1 << 20), Some("too_long")),
        ("1234567\0".to_owned(), Some("invalid")),
    ];
    for (text, expected) in cases {
        assert_eq!(code(new_password, &text), expected, "{} bytes", text.len());
    }
    assert_eq!(code(given_password, "short"), None);
}

#[test]
fn what_people_say_of_themselves_fits_its_field() {
    let cases: [(Rule, &str, Option<&str>); 17] = [
        (display_name, &"é".repeat(64), None),
        (display_name, &"é".repeat(65), Some("too_long")),
        (display_name, "", Some("too_short")),
        (display_name, " ", Some("blank")),
        (display_name, "\u{200B}", Some("blank")),
        (display_name, "\u{3164}", Some("blank")),
        (display_name, "\u{202E}x", Some("invalid")),
        (bio, &"字".repeat(500), None),
        (bio, &"b".repeat(501), Some("too_long")),
        (bio, "one\ntwo", None),
        (interest, &"山".repeat(32), None),
        (interest, &"c".repeat(33), Some("too_long")),
        (interest, " ", Some("blank")),
        (locale, "zh-Hant-TW", None),
        (locale, "de_DE", Some("invalid")),
        (device_name, "", None),
        (device_name, "two\nlines", Some("invalid")),
    ];
    for (rule, text, expected) in cases {
        assert_eq!(code(rule, text), expected, "{text:?}");
    }
}

#[test]
fn attempt_ids_are_printable_ascii() {
    for good in ["a", "550e8400-e29b-41d4-a716-446655440000", &"x".repeat(64)] {
        assert_eq!(code(attempt_id, good), None, "{good}");
    }
    for bad in ["", "ü", "a\nb", &"x".repeat(65)] {
        assert!(attempt_id(bad).is_err(), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn whatever_is_accepted_is_of_the_alphabet(text in "\\PC{0,40}") {
        if username(&text).is_ok() {
            prop_assert!(USERNAME.contains(&text.len()));
            prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.".contains(&b)));
        }
    }
}
