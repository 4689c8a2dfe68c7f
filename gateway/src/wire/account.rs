//! People: a profile as somebody sees it, one's own account, its sessions and its privacy settings.

use kith_api::{accounts, friends::v1};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Time, non_empty};

/// A person as the viewer may see them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = UserResponse)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) display_name: String,
    #[schema(required = true)]
    pub(crate) avatar_url: Option<String>,
    pub(crate) bio: String,
    pub(crate) interests: Vec<String>,
    pub(crate) friends_count: u32,
    pub(crate) mutual_friends_count: u32,
    pub(crate) relation: Relation,
}

/// What a person is to the viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Relation {
    #[serde(rename = "self")]
    Oneself,
    None,
    Friends,
    /// They asked the viewer.
    Incoming,
    /// The viewer asked them.
    Outgoing,
    /// The viewer blocks them.
    Blocked,
}

/// The caller's own account.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = MeResponse)]
pub(crate) struct Me {
    #[serde(flatten)]
    pub(crate) user: User,
    /// BCP 47; `null` when unknown.
    #[schema(required = true)]
    pub(crate) locale: Option<String>,
    pub(crate) created_at: Time,
}

/// A session's tokens.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = SessionResponse)]
#[expect(clippy::struct_field_names, reason = "the contract's names")]
pub(crate) struct Session {
    pub(crate) user: Me,
    pub(crate) session_id: String,
    pub(crate) access_token: String,
    /// Always `Bearer`.
    pub(crate) token_type: &'static str,
    /// Seconds until the access token expires.
    pub(crate) expires_in: u32,
    /// `null` when it was given as a cookie.
    #[schema(required = true)]
    pub(crate) refresh_token: Option<String>,
}

/// One login of the caller.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = SessionInfoResponse)]
pub(crate) struct SessionInfo {
    pub(crate) id: String,
    #[schema(required = true)]
    pub(crate) device_name: Option<String>,
    pub(crate) created_at: Time,
    pub(crate) last_used_at: Time,
    /// It is the one that asks.
    pub(crate) current: bool,
}

/// Who may find, reach and watch the caller.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = PrivacyResponse)]
pub(crate) struct Privacy {
    pub(crate) searchable: Audience,
    pub(crate) friend_requests: Audience,
    pub(crate) direct_messages: Audience,
    pub(crate) group_adds: Audience,
    pub(crate) presence: Audience,
    pub(crate) last_seen: Audience,
    pub(crate) read_receipts: bool,
}

/// A circle of people around the user. `searchable` and `friend_requests` know `friends_of_friends` and not `friends`; the others the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Audience {
    Everyone,
    FriendsOfFriends,
    Friends,
    Nobody,
}

impl From<v1::User> for User {
    fn from(user: v1::User) -> Self {
        Self {
            relation: user.relation().into(),
            id: user.user_id,
            username: user.username,
            display_name: user.display_name,
            avatar_url: user.avatar_url,
            bio: user.bio,
            interests: user.interests,
            friends_count: user.friends_count,
            mutual_friends_count: user.mutual_friends_count,
        }
    }
}

impl From<v1::Relation> for Relation {
    fn from(relation: v1::Relation) -> Self {
        match relation {
            v1::Relation::Self_ => Self::Oneself,
            v1::Relation::None | v1::Relation::Unspecified => Self::None,
            v1::Relation::Friends => Self::Friends,
            v1::Relation::Incoming => Self::Incoming,
            v1::Relation::Outgoing => Self::Outgoing,
            v1::Relation::Blocked => Self::Blocked,
        }
    }
}

impl From<v1::User> for Me {
    fn from(mut user: v1::User) -> Self {
        Self {
            locale: user.locale.take().and_then(non_empty),
            created_at: Time::required(user.create_time.take()),
            user: User {
                relation: Relation::Oneself,
                ..user.into()
            },
        }
    }
}

impl From<accounts::v1::User> for Me {
    /// From accounts alone, which knows no counts: for when friends cannot be asked.
    fn from(user: accounts::v1::User) -> Self {
        Self {
            locale: non_empty(user.locale),
            created_at: Time::required(user.create_time),
            user: User {
                id: user.user_id,
                username: user.username,
                display_name: user.display_name,
                avatar_url: user.avatar_url,
                bio: user.bio,
                interests: user.interests,
                friends_count: 0,
                mutual_friends_count: 0,
                relation: Relation::Oneself,
            },
        }
    }
}

impl From<accounts::v1::Session> for SessionInfo {
    fn from(session: accounts::v1::Session) -> Self {
        Self {
            id: session.session_id,
            device_name: non_empty(session.device_name),
            created_at: Time::required(session.create_time),
            last_used_at: Time::required(session.last_use_time),
            current: session.current,
        }
    }
}

impl From<v1::PrivacySettings> for Privacy {
    fn from(settings: v1::PrivacySettings) -> Self {
        Self {
            searchable: settings.searchable().into(),
            friend_requests: settings.friend_requests().into(),
            direct_messages: settings.direct_messages().into(),
            group_adds: settings.group_adds().into(),
            presence: settings.presence().into(),
            last_seen: settings.last_seen().into(),
            read_receipts: settings.read_receipts,
        }
    }
}

impl From<v1::Audience> for Audience {
    fn from(audience: v1::Audience) -> Self {
        match audience {
            v1::Audience::Everyone => Self::Everyone,
            v1::Audience::FriendsOfFriends => Self::FriendsOfFriends,
            v1::Audience::Friends => Self::Friends,
            // A circle that this gateway does not know is shown as the narrowest.
            v1::Audience::Nobody | v1::Audience::Unspecified => Self::Nobody,
        }
    }
}
