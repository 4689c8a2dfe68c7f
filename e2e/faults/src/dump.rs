//! What the database holds when a run is over: the other half of what the checker reads.

use std::{fs::File, path::Path};

use kith_sdk::model::{MessageId, RoomId, UserId};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, Row as _};

use crate::history::body_of;

/// The logs, the stays and the positions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Dump {
    /// All rooms.
    pub rooms: Vec<Room>,
    /// All entries of rooms' logs.
    pub entries: Vec<LogEntry>,
    /// All stays in rooms.
    pub stays: Vec<Stay>,
    /// How far people have read.
    pub positions: Vec<Position>,
}

/// A room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Room {
    /// Which.
    pub id: RoomId,
    /// Its head.
    pub last_seq: u64,
}

/// An entry of a room's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Where.
    pub room: RoomId,
    /// Its place.
    pub seq: u64,
    /// What it says, when it is a message.
    pub message: Option<Said>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// Its name.
    pub id: MessageId,
    /// Who said it.
    pub sender: UserId,
    /// The sender's name for it.
    pub client_id: String,
    /// Fingerprint of its text.
    pub body: u64,
}

/// Somebody's stay in a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stay {
    /// Where.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
    /// The first entry of the log that is theirs.
    pub joined: u64,
    /// The last one; absent while they are there.
    pub left: Option<u64>,
}

/// How far somebody has read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Where.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
    /// Up to here.
    pub seq: u64,
}

impl Stay {
    /// Whether an entry of the log is theirs.
    pub fn contains(&self, seq: u64) -> bool {
        self.joined <= seq && self.left.is_none_or(|left| seq <= left)
    }
}

impl Dump {
    /// Reads it out of the database.
    pub async fn take(db: &mut PgConnection) -> anyhow::Result<Self> {
        let mut dump = Self {
            rooms: Self::rooms(db).await?,
            stays: Self::stays(db).await?,
            ..Self::default()
        };
        let messages = sqlx::query(
            "SELECT room_id, seq, id, sender_id, client_id, coalesce(text, '') FROM chat.chat_messages",
        );
        for row in messages.fetch_all(&mut *db).await? {
            dump.entries.push(LogEntry {
                room: row.get(0),
                seq: row.get::<i64, _>(1).cast_unsigned(),
                message: Some(Said {
                    id: row.get(2),
                    sender: row.get(3),
                    client_id: row.get(4),
                    body: body_of(row.get(5)),
                }),
            });
        }
        let events = sqlx::query("SELECT room_id, seq FROM chat.room_events");
        for row in events.fetch_all(&mut *db).await? {
            dump.entries.push(LogEntry {
                room: row.get(0),
                seq: row.get::<i64, _>(1).cast_unsigned(),
                message: None,
            });
        }
        dump.entries.sort_by_key(|entry| (entry.room, entry.seq));
        dump.positions = Self::positions(db).await?;
        Ok(dump)
    }

    /// The positions only.
    pub async fn positions(db: &mut PgConnection) -> anyhow::Result<Vec<Position>> {
        let positions = sqlx::query("SELECT room_id, user_id, read_seq FROM chat.positions");
        let position = |row: sqlx::postgres::PgRow| Position {
            room: row.get(0),
            user: row.get(1),
            seq: row.get::<i64, _>(2).cast_unsigned(),
        };
        let positions = positions.fetch_all(db).await?;
        Ok(positions.into_iter().map(position).collect())
    }

    /// The rooms and their heads only.
    pub async fn rooms(db: &mut PgConnection) -> anyhow::Result<Vec<Room>> {
        let rooms = sqlx::query("SELECT id, last_seq FROM chat.chat_rooms ORDER BY id");
        let room = |row: sqlx::postgres::PgRow| Room {
            id: row.get(0),
            last_seq: row.get::<i64, _>(1).cast_unsigned(),
        };
        Ok(rooms.fetch_all(db).await?.into_iter().map(room).collect())
    }

    /// The stays only.
    pub async fn stays(db: &mut PgConnection) -> anyhow::Result<Vec<Stay>> {
        let stays = sqlx::query(
            "SELECT room_id, user_id, joined_seq, left_seq FROM chat.chat_participants ORDER BY 1, 2, 3",
        );
        let stay = |row: sqlx::postgres::PgRow| Stay {
            room: row.get(0),
            user: row.get(1),
            joined: row.get::<i64, _>(2).cast_unsigned(),
            left: row.get::<Option<i64>, _>(3).map(i64::cast_unsigned),
        };
        Ok(stays.fetch_all(db).await?.into_iter().map(stay).collect())
    }

    /// Writes it to a file.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        Ok(serde_json::to_writer(File::create(path)?, self)?)
    }

    /// Reads it from a file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        Ok(serde_json::from_reader(std::io::BufReader::new(
            File::open(path)?,
        ))?)
    }
}
