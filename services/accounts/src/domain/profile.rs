//! What people say of themselves, and what a change of it changes.

use super::{
    fields::{Fields, Flaw},
    text::{check_line, check_lines, is_blank, is_longer_than},
};
use kith_error::Violation;

const MAX_DISPLAY_NAME: usize = 64;
const MAX_BIO: usize = 500;
const MAX_INTERESTS: usize = 20;
const MAX_INTEREST: usize = 32;
const MAX_LOCALE: usize = 35;

/// A change of a profile; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProfileChange {
    pub(crate) display_name: Option<String>,
    pub(crate) bio: Option<String>,
    pub(crate) interests: Option<Vec<String>>,
    pub(crate) locale: Option<String>,
}

impl ProfileChange {
    /// Names every bad field at once.
    pub(crate) fn check(&self) -> Result<(), Vec<Violation>> {
        let mut fields = Fields::default();
        if let Some(name) = &self.display_name {
            fields.take("display_name", check_display_name(name));
        }
        if let Some(bio) = &self.bio {
            fields.take("bio", check_bio(bio));
        }
        if let Some(locale) = &self.locale {
            fields.take("locale", check_locale(locale));
        }
        let interests = self.interests.as_deref().unwrap_or_default();
        if interests.len() > MAX_INTERESTS {
            fields.take::<()>(
                "interests",
                Err(Flaw::new("too_long", "at most 20 interests")),
            );
        }
        for (at, interest) in interests.iter().enumerate().take(MAX_INTERESTS) {
            fields.take(&format!("interests[{at}]"), check_interest(interest));
        }
        fields.check()
    }
}

/// 1 to 64 characters, one line, something to see.
pub(crate) fn check_display_name(text: &str) -> Result<(), Flaw> {
    if text.is_empty() {
        return Err(Flaw::new("too_short", "1 to 64 characters"));
    }
    if is_longer_than(text, MAX_DISPLAY_NAME) {
        return Err(Flaw::new("too_long", "1 to 64 characters"));
    }
    check_line(text)?;
    if is_blank(text) {
        return Err(Flaw::new("blank", "something that can be seen"));
    }
    Ok(())
}

fn check_bio(text: &str) -> Result<(), Flaw> {
    if is_longer_than(text, MAX_BIO) {
        return Err(Flaw::new("too_long", "at most 500 characters"));
    }
    check_lines(text)
}

fn check_interest(text: &str) -> Result<(), Flaw> {
    if is_longer_than(text, MAX_INTEREST) {
        return Err(Flaw::new("too_long", "1 to 32 characters"));
    }
    check_line(text)?;
    if is_blank(text) {
        return Err(Flaw::new("blank", "1 to 32 characters"));
    }
    Ok(())
}

/// The form of a BCP 47 tag: a language of 2 to 8 letters, then subtags of 1 to 8 letters or digits. Whether the registry knows it is not asked.
fn check_locale(text: &str) -> Result<(), Flaw> {
    let flaw = Flaw::new("invalid", "a BCP 47 language tag of at most 35 characters");
    if text.is_empty() {
        return Ok(());
    }
    if is_longer_than(text, MAX_LOCALE) {
        return Err(Flaw {
            code: "too_long",
            ..flaw
        });
    }
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    let language_holds =
        (2..=8).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic());
    let subtag_holds =
        |tag: &str| (1..=8).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric());
    if language_holds && parts.all(subtag_holds) {
        Ok(())
    } else {
        Err(flaw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_field_is_named_at_once() {
        let change = ProfileChange {
            display_name: Some("\u{202E}x".to_owned()),
            bio: Some("b".repeat(501)),
            interests: Some(vec!["climbing".to_owned(), " ".to_owned(), "c".repeat(33)]),
            locale: Some("de_DE".to_owned()),
        };

        let violations = change.check().unwrap_err();

        let found: Vec<_> = violations
            .iter()
            .map(|violation| (violation.field.as_str(), violation.code.as_str()))
            .collect();
        let expected = [
            ("display_name", "invalid"),
            ("bio", "too_long"),
            ("locale", "invalid"),
            ("interests[1]", "blank"),
            ("interests[2]", "too_long"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn limits_are_in_characters() {
        let change = ProfileChange {
            display_name: Some("é".repeat(64)),
            bio: Some("字".repeat(500)),
            interests: Some(vec!["山".repeat(32); 20]),
            locale: Some("zh-Hant-TW".to_owned()),
        };

        assert_eq!(change.check(), Ok(()));
        let cleared = ProfileChange {
            bio: Some(String::new()),
            interests: Some(Vec::new()),
            locale: Some(String::new()),
            ..ProfileChange::default()
        };
        assert_eq!(cleared.check(), Ok(()));
        let too_many = ProfileChange {
            interests: Some(vec!["x".to_owned(); 21]),
            ..ProfileChange::default()
        };
        assert!(too_many.check().is_err());
    }

    #[test]
    fn a_display_name_must_show_something() {
        for text in ["", " ", "\u{200B}", "\u{3164}"] {
            assert!(check_display_name(text).is_err(), "{text:?}");
        }
    }
}
