//! Names, passwords, and what people say of themselves.

use super::{
    Flaw,
    characters::{is_blank, is_longer_than, line, lines},
};

const USERNAME: std::ops::RangeInclusive<usize> = 3..=32;
const USERNAME_RULE: &str = "3 to 32 characters of a-z, 0-9, _ and .";
/// Names that speak for the system; nobody may register them.
const RESERVED: [&str; 19] = [
    "admin",
    "administrator",
    "anonymous",
    "api",
    "deleted",
    "everyone",
    "help",
    "here",
    "kith",
    "me",
    "moderator",
    "null",
    "official",
    "root",
    "security",
    "staff",
    "support",
    "system",
    "undefined",
];
const PASSWORD: std::ops::RangeInclusive<usize> = 8..=128;
const PASSWORD_RULE: &str = "8 to 128 characters";
const MAX_DISPLAY_NAME: usize = 64;
const MAX_BIO: usize = 500;
const MAX_INTEREST: usize = 32;
const MAX_LOCALE: usize = 35;
const MAX_DEVICE_NAME: usize = 64;
const MAX_ATTEMPT_ID: usize = 64;

/// A user name as somebody types it, in either case. Everything but ASCII is refused, so that no two names look alike by
/// Unicode's doing: a full-width or accented twin is no user name at all, and nothing is trimmed.
pub fn username(text: &str) -> Result<(), Flaw> {
    if text.is_empty() {
        return Err(Flaw::new("required", USERNAME_RULE));
    }
    if is_longer_than(text, *USERNAME.end()) {
        return Err(Flaw::new("too_long", USERNAME_RULE));
    }
    if !text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
    {
        return Err(Flaw::new("invalid", USERNAME_RULE));
    }
    if text.len() < *USERNAME.start() {
        return Err(Flaw::new("too_short", USERNAME_RULE));
    }
    Ok(())
}

/// The same for a new account: reserved names are refused too. Dots and underscores don't make them anything else.
pub fn new_username(text: &str) -> Result<(), Flaw> {
    username(text)?;
    let core = text.chars().filter(|c| !matches!(c, '_' | '.'));
    let core: String = core.map(|c| c.to_ascii_lowercase()).collect();
    if core.is_empty() {
        return Err(Flaw::new("invalid", "at least one letter or digit"));
    }
    if RESERVED.contains(&core.as_str()) {
        return Err(Flaw::new("reserved", "this user name is reserved"));
    }
    Ok(())
}

/// A new password. Its length is judged before anything is hashed, so a huge one costs nothing.
pub fn new_password(text: &str) -> Result<(), Flaw> {
    given_password(text)?;
    if !is_longer_than(text, *PASSWORD.start() - 1) {
        return Err(Flaw::new("too_short", PASSWORD_RULE));
    }
    Ok(())
}

/// A password that claims to be somebody's: a short one is merely wrong, a huge one is not even looked at.
pub fn given_password(text: &str) -> Result<(), Flaw> {
    if text.is_empty() {
        return Err(Flaw::new("required", "the password is missing"));
    }
    if is_longer_than(text, *PASSWORD.end()) {
        return Err(Flaw::new("too_long", PASSWORD_RULE));
    }
    if text.contains('\0') {
        return Err(Flaw::new("invalid", "no NUL"));
    }
    Ok(())
}

/// 1 to 64 characters, one line, something to see.
pub fn display_name(text: &str) -> Result<(), Flaw> {
    if text.is_empty() {
        return Err(Flaw::new("too_short", "1 to 64 characters"));
    }
    if is_longer_than(text, MAX_DISPLAY_NAME) {
        return Err(Flaw::new("too_long", "1 to 64 characters"));
    }
    line(text)?;
    if is_blank(text) {
        return Err(Flaw::new("blank", "something that can be seen"));
    }
    Ok(())
}

/// At most 500 characters, on several lines if need be.
pub fn bio(text: &str) -> Result<(), Flaw> {
    if is_longer_than(text, MAX_BIO) {
        return Err(Flaw::new("too_long", "at most 500 characters"));
    }
    lines(text)
}

/// 1 to 32 characters, one line, something to see.
pub fn interest(text: &str) -> Result<(), Flaw> {
    if is_longer_than(text, MAX_INTEREST) {
        return Err(Flaw::new("too_long", "1 to 32 characters"));
    }
    line(text)?;
    if is_blank(text) {
        return Err(Flaw::new("blank", "1 to 32 characters"));
    }
    Ok(())
}

/// The form of a BCP 47 tag: a language of 2 to 8 letters, then subtags of 1 to 8 letters or digits. Whether the registry
/// knows it is not asked. Empty is none.
pub fn locale(text: &str) -> Result<(), Flaw> {
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

/// At most 64 characters on one line; may be empty.
pub fn device_name(text: &str) -> Result<(), Flaw> {
    if is_longer_than(text, MAX_DEVICE_NAME) {
        return Err(Flaw::new("too_long", "at most 64 characters"));
    }
    line(text)
}

/// 1 to 64 printable ASCII characters.
pub fn attempt_id(text: &str) -> Result<(), Flaw> {
    let rule = "1 to 64 printable ASCII characters";
    if text.is_empty() {
        return Err(Flaw::new("too_short", rule));
    }
    if is_longer_than(text, MAX_ATTEMPT_ID) {
        return Err(Flaw::new("too_long", rule));
    }
    if !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Err(Flaw::new("invalid", rule));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
