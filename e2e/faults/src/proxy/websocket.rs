//! What a server sends over WebSocket, as far as it takes to lie about it: to lose events, or to go on telling a room's
//! events to somebody who is no longer in it. Only the proof that the checker sees such bugs uses this.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use rand::{RngExt as _, rngs::StdRng};
use serde_json::Value;

use super::lock;

/// How a gateway's word is twisted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// One event in fifty is lost.
    LosesEvents,
    /// What comes in the first moment after `ready` is lost, as when one reads first and subscribes then.
    LosesFirst,
    /// Now and then a whole stretch is lost, and no `behind` is told.
    LosesStretches,
    /// Who has left goes on to get what others get.
    KeepsTelling,
}

/// Events that others got, as frames.
pub(super) type Overheard = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// The server's side of one connection.
#[derive(Debug, Default)]
pub(super) struct Frames {
    waiting: Vec<u8>,
    state: State,
    /// Frames since `ready`.
    told: usize,
    /// How many more events are lost.
    losing: usize,
    left: HashSet<String>,
    overheard_up_to: usize,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    Frames,
    /// No WebSocket.
    Other,
}

impl Frames {
    /// Takes what came and gives what shall pass.
    pub(super) fn twist(
        &mut self,
        bytes: &[u8],
        lie: Option<Lie>,
        overheard: &Overheard,
        random: &mut StdRng,
    ) -> Vec<u8> {
        self.waiting.extend_from_slice(bytes);
        let mut out = Vec::new();
        if self.state == State::Head {
            let Some(end) = self.waiting.windows(4).position(|it| it == b"\r\n\r\n") else {
                return out;
            };
            let is_upgrade = self.waiting.starts_with(b"HTTP/1.1 101");
            self.state = if is_upgrade {
                State::Frames
            } else {
                State::Other
            };
            out.extend(self.waiting.drain(..end + 4));
        }
        if self.state == State::Other {
            out.append(&mut self.waiting);
            return out;
        }
        while let Some((length, head)) = length_of(&self.waiting) {
            let rest = self.waiting.split_off(length);
            let frame = std::mem::replace(&mut self.waiting, rest);
            let json: Value = serde_json::from_slice(&frame[head..]).unwrap_or_default();
            if self.passes((&frame, &json), lie, overheard, random) {
                out.extend(frame);
            }
        }
        if lie == Some(Lie::KeepsTelling) {
            out.extend(self.overhear(overheard));
        }
        out
    }

    fn passes(
        &mut self,
        (frame, json): (&[u8], &Value),
        lie: Option<Lie>,
        overheard: &Overheard,
        random: &mut StdRng,
    ) -> bool {
        self.told += 1;
        let room = || {
            json["room_id"]
                .as_str()
                .or(json["d"]["room_id"].as_str())
                .unwrap_or_default()
                .to_owned()
        };
        match json["t"].as_str() {
            Some("event") => {}
            Some("user") => {
                match json["type"].as_str() {
                    Some("room.removed") => {
                        self.left.insert(room());
                        self.overheard_up_to = lock(overheard).len();
                    }
                    Some("room.added") => {
                        self.left
                            .remove(json["d"]["id"].as_str().unwrap_or_default());
                    }
                    _ => {}
                }
                return true;
            }
            _ => return true,
        }
        match lie {
            Some(Lie::LosesEvents) => !random.random_bool(0.02),
            Some(Lie::LosesFirst) => self.told > 6,
            Some(Lie::LosesStretches) => {
                if self.losing == 0 && random.random_bool(0.01) {
                    self.losing = 10;
                }
                self.losing = self.losing.saturating_sub(1);
                self.losing == 0
            }
            Some(Lie::KeepsTelling) => {
                lock(overheard).push((room(), frame.to_vec()));
                true
            }
            None => true,
        }
    }

    fn overhear(&mut self, overheard: &Overheard) -> Vec<u8> {
        let overheard = lock(overheard);
        let new = overheard.iter().skip(self.overheard_up_to);
        let out = new
            .filter(|(room, _)| self.left.contains(room))
            .flat_map(|(_, frame)| frame.clone())
            .collect();
        self.overheard_up_to = overheard.len();
        out
    }
}

/// The length of the first frame, and of its head; none while it is not whole. A server's frames are not masked.
fn length_of(bytes: &[u8]) -> Option<(usize, usize)> {
    let (length, head) = match bytes.get(1)? & 0x7f {
        126 => (
            usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])),
            4,
        ),
        127 => {
            let long: [u8; 8] = bytes.get(2..10)?.try_into().ok()?;
            (usize::try_from(u64::from_be_bytes(long)).ok()?, 10)
        }
        short => (usize::from(short), 2),
    };
    (bytes.len() >= head + length).then_some((head + length, head))
}
