//! The name that a client gives a thing before it exists, which makes creating it repeatable.

use kith_error::Violation;

/// 1..64 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ClientId(String);

impl ClientId {
    /// Takes what a client sent in `field`.
    pub(crate) fn parse(field: &str, text: String) -> Result<Self, Violation> {
        kith_text::client_id(&text)
            .map_err(|flaw| Violation::new(field, flaw.code, flaw.message))?;
        Ok(Self(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
