//! What the server sends over the socket.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{Event, RoomId, Time, UserEvent, UserId};

/// One frame from the server.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ServerFrame {
    /// Authenticated; live from here on.
    Ready(Ready),
    /// Durable: something happened in a room.
    Event(Event),
    /// Durable: something happened to me.
    User(UserEvent),
    /// Somebody's position moved.
    Receipt(Receipt),
    /// Somebody is typing, or stopped.
    Typing(Typing),
    /// Somebody I watch came or went.
    Presence(Presence),
    /// Heads of what moved: check yourself.
    Heads(Heads),
    /// Everything missed has been sent.
    Resumed(Resumed),
    /// My queue overflowed: fetch these rooms.
    Behind(Behind),
    /// This node is leaving.
    Drain(Drain),
    /// A request succeeded.
    Ok(Answer),
    /// A request, or the connection, was refused.
    Err(Refused),
    /// A kind of frame that this version does not know; ignored.
    #[serde(other)]
    Unknown,
}

/// The first answer to a good `hello`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Ready {
    /// The session of the token.
    pub session_id: Uuid,
    /// Whose it is.
    pub user_id: UserId,
    /// Epoch of the logs.
    pub epoch: u64,
    /// Head of my own log.
    pub useq: u64,
    /// How often `heads` comes.
    pub heartbeat_ms: u64,
    /// The server's time.
    pub server_time: Time,
    /// Heads of the rooms with the newest activity.
    pub rooms: HashMap<RoomId, u64>,
    /// What the server bounds.
    #[serde(default)]
    pub limits: Value,
}

/// Somebody's position moved.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Receipt {
    /// Where.
    pub room_id: RoomId,
    /// Whose.
    pub user_id: UserId,
    /// Read up to here.
    #[serde(default)]
    pub read_seq: Option<u64>,
    /// On a device up to here.
    #[serde(default)]
    pub delivered_seq: Option<u64>,
    /// When.
    pub at: Time,
}

/// Somebody is typing; show it 6 s at most.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Typing {
    /// Where.
    pub room_id: RoomId,
    /// Who.
    pub user_id: UserId,
    /// Or stopped.
    pub active: bool,
}

/// Whether somebody is there. In lists of friends the person stands beside it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Presence {
    /// Who.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// `online`, `away` or `offline`.
    pub status: String,
    /// When they were last there, if I may know.
    #[serde(default)]
    pub last_seen_at: Option<Time>,
    /// What they wrote about it.
    #[serde(default)]
    pub custom: Value,
}

/// The heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Heads {
    /// Head of my own log.
    pub useq: u64,
    /// Heads of the rooms that moved since the last one.
    pub rooms: HashMap<RoomId, u64>,
}

/// The end of a resume.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Resumed {
    /// Head of my own log.
    pub useq: u64,
    /// Rooms with too much to send: page them.
    #[serde(default)]
    pub too_long: Vec<TooLong>,
    /// The same for my own log: load lists anew.
    #[serde(default)]
    pub user_too_long: bool,
}

/// A room that must be paged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct TooLong {
    /// Which.
    pub room_id: RoomId,
    /// Its head.
    pub last_seq: u64,
}

/// Rooms that are detached until they are fetched up to their head.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Behind {
    /// Head of my own log.
    pub useq: u64,
    /// Which rooms, and their heads.
    pub rooms: HashMap<RoomId, u64>,
}

/// The node asks its devices to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Drain {
    /// Wait this long before connecting again.
    pub resume_after_ms: u64,
}

/// The good answer to a request.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Answer {
    /// The request's `ref`.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The answer's body.
    #[serde(rename = "d", default)]
    pub data: Value,
}

/// The bad answer to a request; without `ref` it is about the connection.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Refused {
    /// The request's `ref`.
    #[serde(rename = "ref", default)]
    pub reference: Option<String>,
    /// The machine-readable word.
    pub code: String,
    /// One sentence for people.
    pub message: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// When to try again.
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
}

/// A stretch of a room's log.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Fetched {
    /// Events by `seq`. (`items` in the REST answer.)
    #[serde(alias = "items")]
    pub events: Vec<Event>,
    /// Where what I may see begins; a cursor below it moves to `from_seq - 1`.
    pub from_seq: u64,
    /// Head of the log.
    pub last_seq: u64,
}

/// The answer to `read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct ReadMoved {
    /// Everything up to here is read.
    pub last_read_seq: u64,
    /// What is left.
    pub unread_count: u64,
}
