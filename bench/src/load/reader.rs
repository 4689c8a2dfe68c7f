//! Somebody who reads what they hear: how far they said so, and how far they were answered.

use std::time::Instant;

use anyhow::{Context as _, ensure};

use super::Room;
use crate::driver::{
    frames::{self, TEXT},
    wire::Wire,
};

/// Of one socket in its room.
pub(super) struct Reader {
    room: String,
    /// Everything up to there is read, as the server says.
    pub(super) position: u64,
    /// What is under way.
    asked: Option<Asked>,
}

struct Asked {
    seq: u64,
    at: Instant,
}

impl Reader {
    pub(super) fn new(room: &Room) -> Self {
        Self {
            room: room.id.clone(),
            position: room.head,
            asked: None,
        }
    }

    /// Reads up to there, unless that is read or another read is under way.
    pub(super) fn read(&mut self, seq: u64, wire: &mut Wire) -> anyhow::Result<()> {
        if self.asked.is_some() || seq <= self.position {
            return Ok(());
        }
        let text = format!(
            r#"{{"t":"read","ref":"read","room_id":"{}","seq":{seq}}}"#,
            self.room
        );
        let mut frame = Vec::with_capacity(text.len() + 8);
        frames::write(&mut frame, TEXT, text.as_bytes())?;
        wire.say(&frame);
        self.asked = Some(Asked {
            seq,
            at: Instant::now(),
        });
        Ok(())
    }

    /// It was answered; gives when it was asked.
    pub(super) fn answered(&mut self, position: u64) -> anyhow::Result<Instant> {
        let asked = self.asked.take().context("an answer to no read")?;
        ensure!(
            position >= asked.seq,
            "who read up to {} was told {position}",
            asked.seq
        );
        self.position = position;
        Ok(asked.at)
    }

    /// It was not; the next one takes its place.
    pub(super) fn refused(&mut self) {
        self.asked = None;
    }
}
