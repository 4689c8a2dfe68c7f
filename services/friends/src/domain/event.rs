//! What happened to a person, as all their devices shall learn it.

use kith_ids::UserId;

use super::{
    person::Person,
    privacy::Privacy,
    request::{RequestStatus, RequestView},
};

/// An entry for one person's own log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UserEvent {
    /// A request as this person sees it; its status says what happened to it.
    Request(RequestView),
    FriendRemoved(UserId),
    BlockAdded(UserId),
    BlockRemoved(UserId),
    /// The person themselves.
    ProfileUpdated(Person),
    PrivacyUpdated(Privacy),
    /// Somebody for whom this person waits.
    ContactJoined(Person),
}

impl UserEvent {
    /// The word for logs and metrics.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Request(view) => match view.status {
                RequestStatus::Pending => "friend.requested",
                RequestStatus::Accepted => "friend.accepted",
                RequestStatus::Declined => "friend.declined",
                RequestStatus::Cancelled => "friend.cancelled",
            },
            Self::FriendRemoved(_) => "friend.removed",
            Self::BlockAdded(_) => "block.added",
            Self::BlockRemoved(_) => "block.removed",
            Self::ProfileUpdated(_) => "profile.updated",
            Self::PrivacyUpdated(_) => "privacy.updated",
            Self::ContactJoined(_) => "contact.joined",
        }
    }
}
