//! What a device says: the client frames of the contract, one method each.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{Link, SocketError};
use crate::{
    model::{Fetched, Presence, ReadMoved, RoomId, Time, UserId},
    rest::{MessagePost, Posted},
    sync::Resume,
};

/// The first frame.
#[derive(Clone, Default, Serialize)]
pub struct Hello {
    /// Absent when the upgrade carried it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// What is connecting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Client>,
    /// What of the protocol's options this client can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<String>>,
    /// Where it left off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
}

/// What is connecting.
#[derive(Debug, Clone, Serialize)]
pub struct Client {
    /// Such as `kith-ios`.
    pub name: String,
    /// Such as `1.4.0`.
    pub version: String,
    /// Such as `ios`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
}

impl Hello {
    /// With a token, and nothing to resume.
    pub fn with_token(token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..Self::default()
        }
    }

    /// The same, with cursors.
    pub fn resuming(mut self, resume: Option<Resume>) -> Self {
        self.resume = resume;
        self
    }
}

#[derive(Deserialize)]
struct Presences {
    presences: Vec<Presence>,
}

#[derive(Deserialize)]
struct Reauthenticated {
    expires_at: Time,
}

impl Link {
    /// Says hello. The answer, `ready` or `err`, comes as a frame.
    pub fn hello(&self, hello: &Hello) -> Result<(), SocketError> {
        let mut frame = serde_json::to_value(hello)?;
        frame["t"] = "hello".into();
        self.say(&frame)
    }

    /// Says something in a room; the answer comes after the commit.
    pub async fn send(&self, room: RoomId, post: &MessagePost) -> Result<Posted, SocketError> {
        let mut frame = serde_json::to_value(post)?;
        frame["t"] = "send".into();
        frame["room_id"] = json!(room);
        self.ask_typed(frame).await
    }

    /// Moves my read position.
    pub async fn read(&self, room: RoomId, seq: u64) -> Result<ReadMoved, SocketError> {
        self.ask_typed(json!({ "t": "read", "room_id": room, "seq": seq }))
            .await
    }

    /// Says that this device has everything up to `seq`.
    pub fn delivered(&self, room: RoomId, seq: u64) -> Result<(), SocketError> {
        self.say(&json!({ "t": "delivered", "room_id": room, "seq": seq }))
    }

    /// Says that I am typing, or stopped.
    pub fn typing(&self, room: RoomId, active: bool) -> Result<(), SocketError> {
        self.say(&json!({ "t": "typing", "room_id": room, "active": active }))
    }

    /// Replaces the list of people whose presence I want to see.
    pub async fn watch(&self, users: &[UserId]) -> Result<Vec<Presence>, SocketError> {
        let answer: Presences = self
            .ask_typed(json!({ "t": "watch", "user_ids": users }))
            .await?;
        Ok(answer.presences)
    }

    /// Sets my own status: `online`, `away` or `invisible`.
    pub async fn status(&self, status: &str) -> Result<(), SocketError> {
        self.status_with(status, None).await
    }

    /// The same, with a few words of one's own.
    pub async fn status_with(&self, status: &str, custom: Option<&str>) -> Result<(), SocketError> {
        let mut frame = json!({ "t": "status", "status": status });
        if let Some(custom) = custom {
            frame["custom"] = custom.into();
        }
        self.ask(frame).await.map(drop)
    }

    /// A stretch of a room's log above `after`.
    pub async fn fetch(
        &self,
        room: RoomId,
        after: u64,
        limit: Option<u32>,
    ) -> Result<Fetched, SocketError> {
        let mut frame = json!({ "t": "fetch", "room_id": room, "after": after });
        if let Some(limit) = limit {
            frame["limit"] = limit.into();
        }
        self.ask_typed(frame).await
    }

    /// Hands in a fresh token of the same session; answers when it expires.
    pub async fn reauth(&self, token: &str) -> Result<Time, SocketError> {
        let answer: Reauthenticated = self
            .ask_typed(json!({ "t": "reauth", "token": token }))
            .await?;
        Ok(answer.expires_at)
    }

    /// Asks whether the server lives.
    pub async fn ping(&self) -> Result<(), SocketError> {
        self.ask(json!({ "t": "ping" })).await.map(drop)
    }

    async fn ask_typed<T: DeserializeOwned>(&self, frame: Value) -> Result<T, SocketError> {
        Ok(serde_json::from_value(self.ask(frame).await?)?)
    }
}
