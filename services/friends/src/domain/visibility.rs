//! Who may see whose presence has changed.

use kith_ids::UserId;

use super::pair::Pair;

/// What presence must ask anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VisibilityChange {
    /// A friendship or a block.
    Between(Pair),
    /// A setting of this person.
    Of(UserId),
    /// They are no more.
    Gone(UserId),
}

impl VisibilityChange {
    /// The person by whom it is kept in order.
    pub(crate) const fn user(self) -> UserId {
        match self {
            Self::Between(pair) => pair.lo(),
            Self::Of(user) | Self::Gone(user) => user,
        }
    }
}
