//! What happened, in the order in which it was seen: one JSON object a line. Written while a run goes on, so that it is
//! there also when the run dies; read by the checker, by the report and by people.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, BufWriter, Write as _},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use kith_sdk::model::{MessageId, RoomId, UserId};
use serde::{Deserialize, Serialize};

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Milliseconds since the run began.
    pub at: u64,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the variants say what their fields are")]
pub enum What {
    /// The run begins.
    Run { fault: String, seed: u64 },
    /// A device comes into being.
    Device { device: String, user: UserId },
    /// A device has everything of a room up to `seq` without having seen it: where its view begins.
    Begin {
        device: String,
        room: RoomId,
        seq: u64,
    },
    /// A device connected.
    Up {
        device: String,
        gate: usize,
        resumed: bool,
    },
    /// A device's connection ended.
    Down { device: String, why: String },
    /// A device decided to say something.
    Invoke {
        client_id: String,
        device: String,
        user: UserId,
        room: RoomId,
        body: u64,
    },
    /// It is on its way, for the first time or again.
    Try { client_id: String, by: String },
    /// Acknowledged.
    Ok {
        client_id: String,
        device: String,
        id: MessageId,
        seq: u64,
        duplicate: bool,
    },
    /// Refused for good.
    Fail { client_id: String, code: String },
    /// It may have happened.
    Unknown { client_id: String, code: String },
    /// Any call or frame was refused, or answered unreadably.
    Refused {
        by: String,
        call: String,
        status: u16,
        code: String,
        hint: bool,
    },
    /// A device applied an event.
    Recv {
        device: String,
        room: RoomId,
        seq: u64,
        id: Option<MessageId>,
        body: Option<u64>,
    },
    /// An event came that was not the next one.
    Hole {
        device: String,
        room: RoomId,
        after: u64,
        seq: u64,
    },
    /// An event came that this device had.
    Again {
        device: String,
        room: RoomId,
        seq: u64,
    },
    /// An event came of a room that the device is not in.
    Stray {
        device: String,
        room: RoomId,
        seq: u64,
    },
    /// An entry of a person's own log came that was not the next one.
    UserHole {
        device: String,
        after: u64,
        useq: u64,
    },
    /// The device was told that its queue overflowed.
    Behind { device: String },
    /// The device's cursors were refused.
    Invalid { device: String },
    /// The device learned that it is in a room.
    Added {
        device: String,
        room: RoomId,
        joined: u64,
    },
    /// The device learned that it is no longer in a room.
    Removed {
        device: String,
        room: RoomId,
        leave: u64,
    },
    /// Somebody's membership was changed, or tried to.
    Member {
        room: RoomId,
        user: UserId,
        action: String,
        outcome: String,
    },
    /// A person asked to have read up to `seq`, the answer, and after how long it came or was given up.
    Read {
        device: String,
        room: RoomId,
        seq: u64,
        answer: Option<u64>,
        ms: u64,
    },
    /// A device learned a read position of its person.
    Position {
        device: String,
        room: RoomId,
        seq: u64,
    },
    /// A fault begins, changes or ends.
    Fault { text: String },
    /// From here to the heal everything that can be lost is hints: who is connected must have what is acknowledged in time.
    OnlyHints,
    /// Somebody read a page of a room's messages: places, ids and texts.
    Page {
        by: String,
        room: RoomId,
        messages: Vec<(u64, MessageId, u64)>,
    },
    /// Everything works again from here on.
    Heal,
    /// A device has everything that there was at the heal.
    Healed { device: String, ms: u64 },
    /// A device did not come to what there was at the heal, or to the last head, in its time.
    NotAtHead { device: String, text: String },
    /// What a person is told about unread messages when all is quiet.
    Unread {
        user: UserId,
        room: RoomId,
        count: u64,
    },
    /// Something that must go back to what it was before.
    Level {
        what: String,
        before: u64,
        after: u64,
        slack: u64,
    },
    /// A check of the fault itself, beyond the invariants.
    Extra { text: String, holds: bool },
    /// A code that this fault makes legitimate.
    Allow { code: String },
    /// A process ended, or complained, as none should.
    Broken { text: String },
}

/// The history that is being written. Cheap to clone.
#[derive(Clone)]
pub struct History(Arc<Inner>);

struct Inner {
    began: Instant,
    lines: Mutex<(Vec<Entry>, BufWriter<File>)>,
}

impl History {
    /// Begins a history in a new file.
    pub fn create(path: &Path) -> std::io::Result<Self> {
        let file = BufWriter::new(File::create(path)?);
        Ok(Self(Arc::new(Inner {
            began: Instant::now(),
            lines: Mutex::new((Vec::new(), file)),
        })))
    }

    /// Adds a line.
    pub fn add(&self, what: What) {
        let mut lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that the order of the lines is the order of their times.
        let at = self.elapsed();
        let entry = Entry { at, what };
        let text = serde_json::to_string(&entry).unwrap();
        writeln!(lines.1, "{text}").expect("the history can be written");
        lines.0.push(entry);
    }

    /// Milliseconds since the run began.
    pub fn elapsed(&self) -> u64 {
        u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Everything so far; on disk too from here on.
    pub fn entries(&self) -> Vec<Entry> {
        let mut lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.1.flush().expect("the history can be written");
        lines.0.clone()
    }

    /// How many lines there are that `is` likes.
    pub fn count(&self, is: impl Fn(&What) -> bool) -> usize {
        let lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.0.iter().filter(|entry| is(&entry.what)).count()
    }
}

/// Reads a history back.
pub fn read(path: &Path) -> anyhow::Result<Vec<Entry>> {
    let lines = BufReader::new(File::open(path)?).lines();
    lines
        .map(|line| Ok(serde_json::from_str(&line?)?))
        .collect()
}

/// Milliseconds since then.
pub(crate) fn millis(since: tokio::time::Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The fingerprint of a text: what was sent is what is stored and what arrives.
pub fn body_of(text: &str) -> u64 {
    // FNV-1a.
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
