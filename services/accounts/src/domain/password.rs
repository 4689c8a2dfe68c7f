//! What a password may be. Its length is judged before anything is hashed, so a huge one costs nothing.

use secrecy::{ExposeSecret as _, SecretString};

use super::{fields::Flaw, text::is_longer_than};

/// What stands for the hash of somebody who has no password yet: no password has it.
pub(crate) const NONE: &str = "!";
/// Fewest characters.
const MIN: usize = 8;
/// Most characters.
const MAX: usize = 128;

/// A new password.
pub(crate) fn check_new(password: &SecretString) -> Result<(), Flaw> {
    check_given(password)?;
    if !is_longer_than(password.expose_secret(), MIN - 1) {
        return Err(Flaw::new("too_short", "8 to 128 characters"));
    }
    Ok(())
}

/// A password that claims to be somebody's: a short one is merely wrong, a huge one is not even looked at.
pub(crate) fn check_given(password: &SecretString) -> Result<(), Flaw> {
    let text = password.expose_secret();
    if text.is_empty() {
        return Err(Flaw::new("required", "the password is missing"));
    }
    if is_longer_than(text, MAX) {
        return Err(Flaw::new("too_long", "8 to 128 characters"));
    }
    if text.contains('\0') {
        return Err(Flaw::new("invalid", "no NUL"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let length = text.len();
            let flaw = check_new(&SecretString::from(text)).err();
            assert_eq!(flaw.map(|flaw| flaw.code), expected, "{length} bytes");
        }
        assert!(check_given(&SecretString::from("short")).is_ok());
    }
}
