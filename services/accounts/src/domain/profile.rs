//! What people say of themselves, and what a change of it changes.

use kith_error::Violation;
use kith_text::Flaw;

use super::fields::Fields;

const MAX_INTERESTS: usize = 20;

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
            fields.take("display_name", kith_text::display_name(name));
        }
        if let Some(bio) = &self.bio {
            fields.take("bio", kith_text::bio(bio));
        }
        if let Some(locale) = &self.locale {
            fields.take("locale", kith_text::locale(locale));
        }
        let interests = self.interests.as_deref().unwrap_or_default();
        if interests.len() > MAX_INTERESTS {
            fields.take::<()>(
                "interests",
                Err(Flaw::new("too_long", "at most 20 interests")),
            );
        }
        for (at, interest) in interests.iter().enumerate().take(MAX_INTERESTS) {
            fields.take(&format!("interests[{at}]"), kith_text::interest(interest));
        }
        fields.check()
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
}
