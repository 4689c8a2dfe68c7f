//! What may a text be? One rule for each kind of text that a client sends. The gateway names every bad field of a request at
//! once by them, and the services judge by the same ones again, because they believe nobody.

mod account;
mod characters;
mod chat;

pub use account::{
    attempt_id, bio, device_name, display_name, given_password, interest, locale, new_password,
    new_username, username,
};
pub use characters::{is_blank, is_longer_than, line};
pub use chat::{MAX_MESSAGE, client_id, group_name, message};

/// What is wrong with one text: a word for programs and a sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flaw {
    /// `required`, `too_short`, `too_long`, `blank`, `invalid`, `reserved`.
    pub code: &'static str,
    /// The rule that it breaks.
    pub message: &'static str,
}

/// Judges one kind of text.
pub type Rule = fn(&str) -> Result<(), Flaw>;

impl Flaw {
    /// A flaw.
    pub const fn new(code: &'static str, message: &'static str) -> Self {
        Self { code, message }
    }
}
