//! The name that a client gives a thing before it exists, which makes creating it repeatable.

use kith_error::Violation;

/// Longest name, in characters.
const MAX_LENGTH: usize = 64;

/// 1..64 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ClientId(String);

impl ClientId {
    /// Takes what a client sent in `field`.
    pub(crate) fn parse(field: &str, text: String) -> Result<Self, Violation> {
        if text.is_empty() {
            return Err(Violation::new(field, "required", "a client_id is needed"));
        }
        if text.len() > MAX_LENGTH {
            return Err(Violation::new(field, "too_long", "at most 64 characters"));
        }
        if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(Violation::new(
                field,
                "invalid",
                "printable ASCII characters only",
            ));
        }
        Ok(Self(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_contract() {
        let long = "x".repeat(65);
        let cases = [
            ("a", None),
            ("a b~", None),
            (&long[..64], None),
            ("", Some("required")),
            (&long, Some("too_long")),
            ("é", Some("invalid")),
            ("a\tb", Some("invalid")),
            ("a\0", Some("invalid")),
        ];
        for (text, code) in cases {
            let violation = ClientId::parse("client_id", text.to_owned()).err();
            assert_eq!(
                violation.map(|violation| violation.code).as_deref(),
                code,
                "{text:?}"
            );
        }
    }
}
