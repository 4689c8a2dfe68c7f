//! A user of another system, as it may be brought here.

use kith_error::Violation;
use kith_text::Flaw;

use super::{fields::Fields, username::Username};

/// Characters of an id in the other system.
const MAX_EXTERNAL_ID: usize = 128;

/// A row as it was given.
#[derive(Debug)]
pub(crate) struct GivenUser {
    pub(crate) external_id: String,
    pub(crate) username: String,
    /// Absent: the user name.
    pub(crate) display_name: Option<String>,
    /// Made by the other system; absent: nobody can log in until an operator sets a password.
    pub(crate) password_hash: Option<String>,
}

/// A row that keeps the rules.
#[derive(Debug)]
pub(crate) struct NewcomerUser {
    pub(crate) external_id: String,
    pub(crate) username: Username,
    pub(crate) display_name: String,
    pub(crate) password_hash: Option<String>,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A new user.
    Created,
    /// Known by its external id.
    Unchanged,
    /// Every rule that it breaks.
    Refused(Vec<Violation>),
}

impl GivenUser {
    /// Judges a row; `check_hash` knows the hashes that can be verified here.
    pub(crate) fn check(
        self,
        check_hash: impl FnOnce(&str) -> Result<(), Flaw>,
    ) -> Result<NewcomerUser, Vec<Violation>> {
        let mut fields = Fields::default();
        fields.take("id", check_external_id(&self.external_id));
        let username = fields.take("username", Username::parse_new(&self.username));
        if let Some(name) = &self.display_name {
            fields.take("display_name", kith_text::display_name(name));
        }
        if let Some(hash) = &self.password_hash {
            fields.take("password_hash", check_hash(hash));
        }
        let Some(username) = username else {
            return Err(fields.into_violations());
        };
        fields.check()?;
        Ok(NewcomerUser {
            external_id: self.external_id,
            display_name: self
                .display_name
                .unwrap_or_else(|| username.as_str().to_owned()),
            username,
            password_hash: self.password_hash,
        })
    }
}

impl Outcome {
    /// Refused for one reason.
    pub(crate) fn refused(field: &str, code: &str, message: &str) -> Self {
        Self::Refused(vec![Violation::new(field, code, message)])
    }
}

fn check_external_id(text: &str) -> Result<(), Flaw> {
    if text.is_empty() {
        return Err(Flaw::new(
            "required",
            "the id in the other system is missing",
        ));
    }
    if kith_text::is_longer_than(text, MAX_EXTERNAL_ID) {
        return Err(Flaw::new("too_long", "at most 128 characters"));
    }
    kith_text::line(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(external_id: &str, username: &str, display_name: Option<&str>) -> GivenUser {
        GivenUser {
            external_id: external_id.to_owned(),
            username: username.to_owned(),
            display_name: display_name.map(str::to_owned),
            password_hash: None,
        }
    }

    #[test]
    fn every_broken_rule_of_a_row_is_named() {
        let bad = GivenUser {
            password_hash: Some("md5:…".to_owned()),
            ..given("", "no spaces", Some(&"x".repeat(65)))
        };

        let violations = bad
            .check(|_| Err(Flaw::new("invalid", "unknown")))
            .unwrap_err();

        let named: Vec<_> = violations
            .iter()
            .map(|one| (one.field.as_str(), one.code.as_str()))
            .collect();
        assert_eq!(
            named,
            [
                ("id", "required"),
                ("username", "invalid"),
                ("display_name", "too_long"),
                ("password_hash", "invalid"),
            ]
        );
        assert!(
            given(&"7".repeat(129), "ann", None)
                .check(|_| Ok(()))
                .is_err()
        );
        assert!(
            given("7", "admin", None).check(|_| Ok(())).is_err(),
            "reserved"
        );
    }

    #[test]
    fn who_has_no_display_name_is_called_by_the_user_name() {
        let ann = given("7", "Ann", None).check(|_| Ok(())).unwrap();

        assert_eq!(
            (ann.username.as_str(), ann.display_name.as_str()),
            ("ann", "ann")
        );
    }
}
