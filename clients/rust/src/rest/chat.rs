//! Rooms, messages, events and the one-piece sync (section 4 of the contract).

use std::collections::HashMap;

use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Api, ApiError, Paging, with_query};
use crate::{
    model::{
        Event, Fetched, History, Message, MessageId, Page, Participant, ReadPosition, ReceiptEntry,
        Room, RoomId, Time, TooLong, UserEvent, UserId,
    },
    sync::Resume,
};

/// What a new group takes.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewGroup {
    /// 1 to 80 characters.
    pub name: String,
    /// Who else is in it.
    pub participant_ids: Vec<UserId>,
    /// Makes repeating the call harmless.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// What of a room to change for everybody; absent fields stay.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RoomChange {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What of a room to change for me; absent fields stay.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RoomSettings {
    /// Until when not to disturb; `Some(None)` ends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<Option<Time>>,
    /// Keep it on top.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    /// Put it away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

/// Which stretch of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// The newest.
    Newest,
    /// Those below a `seq`.
    Before(u64),
    /// Those above a `seq`.
    After(u64),
    /// Those on both sides of a `seq`.
    Around(u64),
}

/// A message to be said.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MessagePost {
    /// The device's own name for it; the same again is the same message.
    pub client_id: String,
    /// 1 to 4000 characters.
    pub text: String,
    /// What it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
}

/// What came of saying something.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Posted {
    /// The message as it is stored.
    pub message: Message,
    /// Whether it had been stored before.
    pub duplicate: bool,
}

/// A resume in one piece.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SyncAnswer {
    /// Room events missed.
    pub events: Vec<Event>,
    /// Entries of my own log missed.
    pub user_events: Vec<UserEvent>,
    /// Rooms to page instead.
    pub too_long: Vec<TooLong>,
    /// My own log is too long: load lists anew.
    pub user_too_long: bool,
    /// Heads of the rooms with the newest activity.
    pub heads: HashMap<RoomId, u64>,
    /// Epoch of the logs.
    pub epoch: u64,
    /// Head of my own log.
    pub useq: u64,
}

/// Rooms.
impl Api {
    /// My rooms, newest activity first.
    pub async fn rooms(&self, paging: &Paging) -> Result<Page<Room>, ApiError> {
        self.get(&paging.onto("/chat/rooms/", &[])).await
    }

    /// The direct room with somebody; opens it if there is none.
    pub async fn direct_room(&self, user: UserId) -> Result<Room, ApiError> {
        let body = json!({ "kind": "direct", "user_id": user });
        Ok(self.send(Method::POST, "/chat/rooms/", &body).await?.1)
    }

    /// Opens a group.
    pub async fn create_group(&self, group: &NewGroup) -> Result<Room, ApiError> {
        #[derive(Serialize)]
        struct Body<'a> {
            kind: &'static str,
            #[serde(flatten)]
            group: &'a NewGroup,
        }
        let body = Body {
            kind: "group",
            group,
        };
        Ok(self.send(Method::POST, "/chat/rooms/", &body).await?.1)
    }

    /// One room.
    pub async fn room(&self, room: RoomId) -> Result<Room, ApiError> {
        self.get(&format!("/chat/rooms/{room}")).await
    }

    /// Changes a room for everybody.
    pub async fn update_room(&self, room: RoomId, change: &RoomChange) -> Result<Room, ApiError> {
        Ok(self
            .send(Method::PATCH, &format!("/chat/rooms/{room}"), change)
            .await?
            .1)
    }

    /// Changes a room for me.
    pub async fn update_my_room(
        &self,
        room: RoomId,
        settings: &RoomSettings,
    ) -> Result<Room, ApiError> {
        Ok(self
            .send(Method::PATCH, &format!("/chat/rooms/{room}/me"), settings)
            .await?
            .1)
    }

    /// Who is in a room.
    pub async fn participants(
        &self,
        room: RoomId,
        paging: &Paging,
    ) -> Result<Page<Participant>, ApiError> {
        self.get(&paging.onto(&format!("/chat/rooms/{room}/participants"), &[]))
            .await
    }

    /// Adds people; answers those that were added.
    pub async fn add_participants(
        &self,
        room: RoomId,
        users: &[UserId],
    ) -> Result<Page<Participant>, ApiError> {
        let path = format!("/chat/rooms/{room}/participants");
        Ok(self
            .send(Method::POST, &path, &json!({ "user_ids": users }))
            .await?
            .1)
    }

    /// Changes somebody's role: `owner`, `admin` or `member`.
    pub async fn set_role(
        &self,
        room: RoomId,
        user: UserId,
        role: &str,
    ) -> Result<Participant, ApiError> {
        let path = format!("/chat/rooms/{room}/participants/{user}");
        Ok(self
            .send(Method::PATCH, &path, &json!({ "role": role }))
            .await?
            .1)
    }

    /// Removes somebody; oneself: leaves.
    pub async fn remove_participant(&self, room: RoomId, user: UserId) -> Result<(), ApiError> {
        let path = format!("/chat/rooms/{room}/participants/{user}");
        self.act(self.v1(Method::DELETE, &path)).await
    }
}

/// Messages.
impl Api {
    /// A stretch of a room's messages.
    pub async fn messages(
        &self,
        room: RoomId,
        window: Window,
        limit: Option<u32>,
    ) -> Result<History, ApiError> {
        let (name, seq) = match window {
            Window::Newest => ("before", None),
            Window::Before(seq) => ("before", Some(seq)),
            Window::After(seq) => ("after", Some(seq)),
            Window::Around(seq) => ("around", Some(seq)),
        };
        let query = [
            (name, seq.map(|seq| seq.to_string())),
            ("limit", limit.map(|limit| limit.to_string())),
        ];
        self.get(&with_query(&format!("/chat/messages/{room}"), &query))
            .await
    }

    /// Says something.
    pub async fn post_message(&self, room: RoomId, post: &MessagePost) -> Result<Posted, ApiError> {
        let path = format!("/chat/messages/{room}");
        let (status, message) = self.send(Method::POST, &path, post).await?;
        Ok(Posted {
            message,
            duplicate: status != StatusCode::CREATED,
        })
    }

    /// Says that everything up to a message is read.
    pub async fn mark_read(&self, message: MessageId) -> Result<ReadPosition, ApiError> {
        let path = format!("/chat/messages/{message}/read");
        Ok(self.answer(self.v1(Method::POST, &path)).await?.1)
    }

    /// Who has got and read a message.
    pub async fn receipts(&self, message: MessageId) -> Result<Page<ReceiptEntry>, ApiError> {
        self.get(&format!("/chat/messages/{message}/receipts"))
            .await
    }

    /// Changes a message of mine.
    pub async fn edit_message(&self, message: MessageId, text: &str) -> Result<Message, ApiError> {
        let path = format!("/chat/messages/{message}");
        Ok(self
            .send(Method::PATCH, &path, &json!({ "text": text }))
            .await?
            .1)
    }

    /// Takes a message back; leaves a tombstone.
    pub async fn delete_message(&self, message: MessageId) -> Result<(), ApiError> {
        self.act(self.v1(Method::DELETE, &format!("/chat/messages/{message}")))
            .await
    }
}

/// The logs.
impl Api {
    /// A stretch of a room's log.
    pub async fn events(
        &self,
        room: RoomId,
        after: u64,
        limit: Option<u32>,
    ) -> Result<Fetched, ApiError> {
        let query = [
            ("after", Some(after.to_string())),
            ("limit", limit.map(|limit| limit.to_string())),
        ];
        self.get(&with_query(&format!("/chat/rooms/{room}/events"), &query))
            .await
    }

    /// Everything missed, in one piece: for a phone that a push has woken.
    pub async fn sync(&self, resume: &Resume) -> Result<SyncAnswer, ApiError> {
        Ok(self.send(Method::POST, "/chat/sync", resume).await?.1)
    }
}
