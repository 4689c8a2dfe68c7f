//! Friends, requests and blocks.

use kith_api::{friends::v1, presence::v1 as presence};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Time, User, non_empty};

/// One row of the friends list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = FriendResponse)]
pub(crate) struct Friend {
    pub(crate) user: User,
    pub(crate) since_at: Time,
    /// `null` when it is not known; offline when it may not be seen.
    #[schema(required = true)]
    pub(crate) presence: Option<Presence>,
}

/// Whether somebody is there.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Presence {
    /// `online`, `away` or `offline`.
    pub(crate) status: String,
    #[schema(required = true)]
    pub(crate) last_seen_at: Option<Time>,
}

/// A friend request as one of its two people sees it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = FriendRequestResponse)]
pub(crate) struct FriendRequest {
    pub(crate) id: String,
    pub(crate) direction: Direction,
    /// The other one.
    pub(crate) user: User,
    #[schema(required = true)]
    pub(crate) note: Option<String>,
    pub(crate) status: RequestStatus,
    pub(crate) created_at: Time,
    /// `null` while pending.
    #[schema(required = true)]
    pub(crate) responded_at: Option<Time>,
}

/// Which way a request goes, seen from the viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Direction {
    Incoming,
    Outgoing,
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RequestStatus {
    Pending,
    Accepted,
    Declined,
    Cancelled,
}

/// Somebody whom the caller may know.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = SuggestionResponse)]
pub(crate) struct Suggestion {
    pub(crate) user: User,
    pub(crate) mutual_friends_count: u32,
    /// Up to 3 of them.
    pub(crate) mutual_friends: Vec<User>,
    /// Why, in a few words: "5 mutual friends", "also into climbing".
    pub(crate) reason: String,
}

/// One row of the block list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = BlockedUserResponse)]
pub(crate) struct BlockedUser {
    pub(crate) user: User,
    pub(crate) blocked_at: Time,
}

impl From<v1::Friend> for Friend {
    fn from(friend: v1::Friend) -> Self {
        Self {
            user: friend.user.unwrap_or_default().into(),
            since_at: Time::required(friend.since_time),
            presence: None,
        }
    }
}

impl From<&presence::Presence> for Presence {
    fn from(presence: &presence::Presence) -> Self {
        let status = match presence.status() {
            presence::Status::Online => "online",
            presence::Status::Away => "away",
            presence::Status::Offline | presence::Status::Unspecified => "offline",
        };
        Self {
            status: status.to_owned(),
            last_seen_at: Time::optional(presence.last_seen_time),
        }
    }
}

impl From<v1::FriendRequest> for FriendRequest {
    fn from(request: v1::FriendRequest) -> Self {
        Self {
            direction: request.direction().into(),
            status: request.status().into(),
            id: request.request_id,
            user: request.user.unwrap_or_default().into(),
            note: non_empty(request.note),
            created_at: Time::required(request.create_time),
            responded_at: Time::optional(request.respond_time),
        }
    }
}

impl From<v1::RequestDirection> for Direction {
    fn from(direction: v1::RequestDirection) -> Self {
        match direction {
            v1::RequestDirection::Outgoing => Self::Outgoing,
            v1::RequestDirection::Incoming | v1::RequestDirection::Unspecified => Self::Incoming,
        }
    }
}

impl From<v1::RequestStatus> for RequestStatus {
    fn from(status: v1::RequestStatus) -> Self {
        match status {
            v1::RequestStatus::Pending | v1::RequestStatus::Unspecified => Self::Pending,
            v1::RequestStatus::Accepted => Self::Accepted,
            v1::RequestStatus::Declined => Self::Declined,
            v1::RequestStatus::Cancelled => Self::Cancelled,
        }
    }
}

impl From<v1::FriendSuggestion> for Suggestion {
    fn from(suggestion: v1::FriendSuggestion) -> Self {
        let user: User = suggestion.user.unwrap_or_default().into();
        Self {
            mutual_friends_count: user.mutual_friends_count,
            user,
            mutual_friends: suggestion
                .mutual_friends
                .into_iter()
                .map(Into::into)
                .collect(),
            reason: suggestion.reason,
        }
    }
}

impl From<v1::BlockedUser> for BlockedUser {
    fn from(blocked: v1::BlockedUser) -> Self {
        Self {
            user: blocked.user.unwrap_or_default().into(),
            blocked_at: Time::required(blocked.block_time),
        }
    }
}
