//! A person's account as it is now.

use chrono::{DateTime, Utc};
use kith_ids::UserId;

/// An account, or the tombstone of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: UserId,
    /// Absent once deleted.
    pub(crate) username: Option<String>,
    pub(crate) display_name: String,
    pub(crate) bio: String,
    pub(crate) interests: Vec<String>,
    pub(crate) locale: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) disabled_at: Option<DateTime<Utc>>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    /// Rises by one with every change.
    pub(crate) version: i64,
}

impl User {
    /// Whether an operator has disabled the account.
    pub(crate) const fn is_disabled(&self) -> bool {
        self.disabled_at.is_some()
    }

    /// Whether only the id is left.
    pub(crate) const fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }
}
