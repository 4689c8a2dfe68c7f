//! Accounts, sessions, profiles and privacy (section 2 of the contract).

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Api, ApiError, Paging};
use crate::model::{Device, Me, Page, Privacy, Session, User, UserId};

/// What signing up takes.
#[derive(Clone, Default, Serialize)]
pub struct Registration {
    /// 3 to 32 of `a-z 0-9 _ .`.
    pub username: String,
    /// 8 to 128 characters.
    pub password: String,
    /// What to show; the user name when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What this device is called in the list of sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
}

/// What logging in takes.
#[derive(Clone, Default, Serialize)]
pub struct Credentials {
    /// Who.
    pub username: String,
    /// The password.
    pub password: String,
    /// What this device is called in the list of sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
}

/// What a refresh takes.
#[derive(Clone, Serialize)]
pub struct Refresh {
    /// The token to spend.
    pub refresh_token: String,
    /// Names the attempt: the same one again gets the same answer for a minute, so a lost reply ends no session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt_id: Option<String>,
}

/// What of a profile to change; absent fields stay.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ProfileChange {
    /// What to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// A few words about oneself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bio: Option<String>,
    /// Up to 20 words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interests: Option<Vec<String>>,
    /// Language and region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

/// What of the privacy settings to change; absent fields stay.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PrivacyChange {
    /// See [`Privacy`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searchable: Option<String>,
    /// See [`Privacy`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub friend_requests: Option<String>,
    /// See [`Privacy`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct_messages: Option<String>,
    /// See [`Privacy`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_adds: Option<String>,
    /// See [`Privacy`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence: Option<String>,
    /// See [`Privacy`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<String>,
    /// See [`Privacy`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_receipts: Option<bool>,
}

impl Api {
    /// Signs up. The answer is a session: nobody has to log in after it.
    pub async fn register(&self, registration: &Registration) -> Result<Session, ApiError> {
        Ok(self
            .send(Method::POST, "/auth/register", registration)
            .await?
            .1)
    }

    /// Logs in.
    pub async fn login(&self, credentials: &Credentials) -> Result<Session, ApiError> {
        Ok(self.send(Method::POST, "/auth/login", credentials).await?.1)
    }

    /// Spends a refresh token; the old one is dead after it.
    pub async fn refresh(&self, refresh: &Refresh) -> Result<Session, ApiError> {
        Ok(self.send(Method::POST, "/auth/refresh", refresh).await?.1)
    }

    /// Ends this session.
    pub async fn logout(&self) -> Result<(), ApiError> {
        self.act(self.v1(Method::POST, "/auth/logout")).await
    }

    /// Changes the password; all other sessions end.
    pub async fn change_password(&self, current: &str, new: &str) -> Result<(), ApiError> {
        let body = json!({ "current_password": current, "new_password": new });
        self.act(self.v1(Method::POST, "/auth/password").json(&body))
            .await
    }

    /// The devices that are logged in.
    pub async fn sessions(&self) -> Result<Page<Device>, ApiError> {
        self.get("/auth/sessions").await
    }

    /// Ends one of them.
    pub async fn revoke_session(&self, session: Uuid) -> Result<(), ApiError> {
        self.act(self.v1(Method::DELETE, &format!("/auth/sessions/{session}")))
            .await
    }

    /// My own account.
    pub async fn me(&self) -> Result<Me, ApiError> {
        self.get("/users/me").await
    }

    /// Changes my profile.
    pub async fn update_me(&self, change: &ProfileChange) -> Result<Me, ApiError> {
        Ok(self.send(Method::PATCH, "/users/me", change).await?.1)
    }

    /// Deletes my account, for good.
    pub async fn delete_me(&self, password: &str) -> Result<(), ApiError> {
        let body = json!({ "password": password });
        self.act(self.v1(Method::DELETE, "/users/me").json(&body))
            .await
    }

    /// My privacy settings.
    pub async fn privacy(&self) -> Result<Privacy, ApiError> {
        self.get("/users/me/privacy").await
    }

    /// Changes them.
    pub async fn update_privacy(&self, change: &PrivacyChange) -> Result<Privacy, ApiError> {
        Ok(self
            .send(Method::PATCH, "/users/me/privacy", change)
            .await?
            .1)
    }

    /// Somebody's profile.
    pub async fn user(&self, user: UserId) -> Result<User, ApiError> {
        self.get(&format!("/users/{user}")).await
    }

    /// People by name, best first.
    pub async fn search_users(&self, words: &str, paging: &Paging) -> Result<Page<User>, ApiError> {
        let path = paging.onto("/users/search", &[("q", Some(words.to_owned()))]);
        self.get(&path).await
    }

    /// Versions, limits and features of the server.
    pub async fn meta(&self) -> Result<Value, ApiError> {
        self.get("/meta").await
    }

    /// The public keys of access tokens.
    pub async fn key_set(&self) -> Result<Value, ApiError> {
        Ok(self
            .answer(self.request(Method::GET, "/.well-known/jwks.json"))
            .await?
            .1)
    }
}
