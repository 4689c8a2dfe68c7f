//! People, their sessions and their privacy settings.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Time, UserId};

/// A person as another person sees them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct User {
    /// Names the person for ever.
    pub id: UserId,
    /// Unique, in lower case.
    pub username: String,
    /// What to show.
    pub display_name: String,
    /// Where their picture is.
    pub avatar_url: Option<String>,
    /// A few words about themselves.
    #[serde(default)]
    pub bio: Option<String>,
    /// What they are interested in.
    #[serde(default)]
    pub interests: Vec<String>,
    /// How many friends they have.
    pub friends_count: u64,
    /// How many of them are mine too.
    pub mutual_friends_count: u64,
    /// `self`, `none`, `friends`, `outgoing`, `incoming` or `blocked`.
    pub relation: String,
}

/// The caller's own account.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Me {
    /// What others see too.
    #[serde(flatten)]
    pub user: User,
    /// Language and region, such as `de-CH`.
    pub locale: Option<String>,
    /// When the account was made.
    pub created_at: Time,
}

/// The few fields of a person that rooms show.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UserBrief {
    /// Names the person.
    pub id: UserId,
    /// Unique, in lower case.
    pub username: String,
    /// What to show.
    pub display_name: String,
    /// Where their picture is.
    pub avatar_url: Option<String>,
}

/// What signing up, logging in and refreshing answer. Does not print its tokens.
#[derive(Clone, PartialEq, Deserialize)]
pub struct Session {
    /// Whose session it is.
    pub user: Me,
    /// Names the session in the list of devices.
    pub session_id: Uuid,
    /// Goes into `Authorization` and `hello`; short-lived.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds until `access_token` expires.
    pub expires_in: u64,
    /// Buys the next access token, once. `None` when it came as a cookie.
    pub refresh_token: Option<String>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("session_id", &self.session_id)
            .field("user_id", &self.user.user.id)
            .finish_non_exhaustive()
    }
}

/// One entry of the list of sessions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Device {
    /// The session.
    pub id: Uuid,
    /// What the device called itself.
    pub device_name: Option<String>,
    /// When it logged in.
    pub created_at: Time,
    /// When it was last heard of.
    pub last_used_at: Time,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// Who may do and see what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Privacy {
    /// Found by search: `everyone`, `friends_of_friends`, `nobody`.
    pub searchable: String,
    /// May send a friend request: the same words.
    pub friend_requests: String,
    /// May write directly: `everyone`, `friends`, `nobody`.
    pub direct_messages: String,
    /// May add to a group.
    pub group_adds: String,
    /// Sees whether I am online.
    pub presence: String,
    /// Sees when I was last online.
    pub last_seen: String,
    /// Whether others see what I have read.
    pub read_receipts: bool,
}
