//! What a room is, and what a group may be called.

use kith_error::Violation;

/// What sort of room it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoomKind {
    /// Two people, for ever.
    Direct,
    /// A named group.
    Group,
}

impl RoomKind {
    /// Reads the table's word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "direct" => Some(Self::Direct),
            "group" => Some(Self::Group),
            _ => None,
        }
    }
}

/// What is wrong with a group's name, if anything.
pub(crate) fn check_name(name: &str) -> Option<Violation> {
    let flaw = kith_text::group_name(name).err()?;
    Some(Violation::new("name", flaw.code, flaw.message))
}
