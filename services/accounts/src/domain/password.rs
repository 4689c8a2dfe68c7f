//! Passwords, which stay secret while they are judged.

use kith_text::Flaw;
use secrecy::{ExposeSecret as _, SecretString};

/// What stands for the hash of somebody who has no password yet: no password has it.
pub(crate) const NONE: &str = "!";

/// A new password.
pub(crate) fn check_new(password: &SecretString) -> Result<(), Flaw> {
    kith_text::new_password(password.expose_secret())
}

/// A password that claims to be somebody's.
pub(crate) fn check_given(password: &SecretString) -> Result<(), Flaw> {
    kith_text::given_password(password.expose_secret())
}
