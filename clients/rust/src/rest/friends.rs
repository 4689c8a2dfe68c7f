//! Friends, requests, blocks and suggestions (section 3 of the contract).

use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{Api, ApiError, Paging};
use crate::model::{Blocked, FriendPage, FriendRequest, Page, Suggestion, UserId};

/// What to do with a friend request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// Become friends; for the receiver.
    Accept,
    /// Say no; for the receiver.
    Decline,
    /// Take it back; for the sender.
    Cancel,
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq)]
pub enum Requested {
    /// They have been asked.
    Pending(FriendRequest),
    /// They had asked first: friends at once.
    Accepted(FriendRequest),
}

impl Api {
    /// My friends by name; `words` narrows the list.
    pub async fn friends(
        &self,
        words: Option<&str>,
        paging: &Paging,
    ) -> Result<FriendPage, ApiError> {
        let path = paging.onto("/friends/", &[("q", words.map(str::to_owned))]);
        self.get(&path).await
    }

    /// Pending requests: `incoming`, `outgoing`, or both.
    pub async fn friend_requests(
        &self,
        direction: Option<&str>,
        paging: &Paging,
    ) -> Result<Page<FriendRequest>, ApiError> {
        let path = paging.onto(
            "/friends/requests",
            &[("direction", direction.map(str::to_owned))],
        );
        self.get(&path).await
    }

    /// Asks somebody to be friends.
    pub async fn request_friend(
        &self,
        user: UserId,
        note: Option<&str>,
    ) -> Result<Requested, ApiError> {
        let mut body = json!({ "user_id": user });
        if let Some(note) = note {
            body["note"] = note.into();
        }
        let (status, request) = self.send(Method::POST, "/friends/requests", &body).await?;
        Ok(match status {
            StatusCode::CREATED => Requested::Pending(request),
            _ => Requested::Accepted(request),
        })
    }

    /// Answers or withdraws a request.
    pub async fn respond(
        &self,
        request: Uuid,
        response: Response,
    ) -> Result<FriendRequest, ApiError> {
        let path = format!("/friends/requests/{request}");
        Ok(self
            .send(Method::PUT, &path, &json!({ "action": response }))
            .await?
            .1)
    }

    /// Ends a friendship.
    pub async fn unfriend(&self, user: UserId) -> Result<(), ApiError> {
        self.act(self.v1(Method::DELETE, &format!("/friends/{user}")))
            .await
    }

    /// Blocks somebody.
    pub async fn block(&self, user: UserId) -> Result<(), ApiError> {
        self.act(self.v1(Method::POST, &format!("/friends/block/{user}")))
            .await
    }

    /// Lifts a block.
    pub async fn unblock(&self, user: UserId) -> Result<(), ApiError> {
        self.act(self.v1(Method::DELETE, &format!("/friends/block/{user}")))
            .await
    }

    /// Whom I have blocked.
    pub async fn blocked(&self, paging: &Paging) -> Result<Page<Blocked>, ApiError> {
        self.get(&paging.onto("/friends/blocked", &[])).await
    }

    /// People I may know, best first.
    pub async fn suggestions(&self, paging: &Paging) -> Result<Page<Suggestion>, ApiError> {
        self.get(&paging.onto("/friends/suggestions", &[])).await
    }

    /// Never suggests that person again.
    pub async fn dismiss_suggestion(&self, user: UserId) -> Result<(), ApiError> {
        self.act(self.v1(Method::DELETE, &format!("/friends/suggestions/{user}")))
            .await
    }
}
