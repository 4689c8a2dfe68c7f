//! Friends, requests, blocks and suggestions.

use serde::Deserialize;
use uuid::Uuid;

use super::{Presence, Time, User};

/// A friend request, as one of the two sees it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FriendRequest {
    /// Names the request.
    pub id: Uuid,
    /// `incoming` or `outgoing`.
    pub direction: String,
    /// The other one.
    pub user: User,
    /// What the sender wrote.
    pub note: Option<String>,
    /// `pending`, `accepted`, `declined` or `cancelled`.
    pub status: String,
    /// When it was sent.
    pub created_at: Time,
    /// When it was answered or withdrawn.
    pub responded_at: Option<Time>,
}

/// One entry of the list of friends.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Friend {
    /// Who.
    pub user: User,
    /// Since when.
    pub since_at: Time,
    /// What may be seen of their presence.
    pub presence: Option<Presence>,
}

/// A page of friends, which also says how many there are.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FriendPage {
    /// Friends by name.
    pub items: Vec<Friend>,
    /// Where the next page starts.
    #[serde(default)]
    pub next_cursor: Option<String>,
    /// How many friends there are in all.
    pub total: u64,
}

/// One entry of the list of blocked people.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Blocked {
    /// Who.
    pub user: User,
    /// Since when.
    pub blocked_at: Time,
}

/// Somebody one may know.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Suggestion {
    /// Who.
    pub user: User,
    /// How many friends we share.
    pub mutual_friends_count: u64,
    /// Up to three of them.
    pub mutual_friends: Vec<User>,
    /// Why they are suggested.
    pub reason: String,
}
