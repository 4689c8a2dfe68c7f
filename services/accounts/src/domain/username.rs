//! User names, folded to lower case: case twins are one name.

use kith_text::Flaw;
use sha2::{Digest as _, Sha256};

/// A well-formed user name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Username(String);

impl Username {
    /// Folds and checks a name as somebody typed it.
    pub(crate) fn parse(text: &str) -> Result<Self, Flaw> {
        kith_text::username(text)?;
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The same, for a new account: reserved names are refused too.
    pub(crate) fn parse_new(text: &str) -> Result<Self, Flaw> {
        kith_text::new_username(text)?;
        Self::parse(text)
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

    proptest! {
        #[test]
        fn case_twins_are_one_name(text in "[a-zA-Z0-9_.]{3,32}") {
            let name = Username::parse(&text).unwrap();
            prop_assert_eq!(&name, &Username::parse(&text.to_ascii_uppercase()).unwrap());
            prop_assert_eq!(name.digest(), Username::parse(&text.to_ascii_lowercase()).unwrap().digest());
        }
    }
}
