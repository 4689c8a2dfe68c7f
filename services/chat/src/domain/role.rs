//! What a participant is in a room. Who may do what with it is [`super::membership`]'s.

/// A participant's role; the first is the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Sets roles and removes anybody.
    Owner,
    /// Renames, adds, removes members.
    Admin,
    /// Writes.
    Member,
}

impl Role {
    /// As the table holds it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }

    /// Reads the table's word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "owner" => Some(Self::Owner),
            "admin" => Some(Self::Admin),
            "member" => Some(Self::Member),
            _ => None,
        }
    }
}
