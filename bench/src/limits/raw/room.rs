//! The one room of the server with one loop: numbers what is said, encodes it once, and queues it to everybody.

use std::{
    collections::VecDeque,
    io::{ErrorKind, IoSlice, Write},
    sync::Arc,
};

use super::speech::{self, Shared};

/// Frames that leave in one write.
const FRAMES: usize = 64;
/// Everybody, and the room's head.
#[derive(Default)]
pub(super) struct Room {
    peers: Vec<Peer>,
    /// Who has something to write.
    touched: Vec<usize>,
    seq: u64,
}

/// Somebody.
#[derive(Default)]
struct Peer {
    received: Vec<u8>,
    queue: VecDeque<Shared>,
    /// How much of the first frame has been written.
    written: usize,
    is_touched: bool,
    state: State,
}

#[derive(Default, PartialEq)]
enum State {
    /// The request to upgrade has not come yet.
    #[default]
    New,
    /// `hello` has not.
    Upgraded,
    In,
    Gone,
}

/// After a write.
pub(super) enum Outcome {
    More,
    Done,
}

impl Room {
    pub(super) fn enter(&mut self) {
        self.peers.push(Peer::default());
    }

    pub(super) fn leave(&mut self, at: usize) {
        let peer = &mut self.peers[at];
        peer.state = State::Gone;
        peer.queue = VecDeque::new();
    }

    /// Somebody's socket may take more.
    pub(super) fn touch(&mut self, at: usize) {
        let peer = &mut self.peers[at];
        if !peer.is_touched && !peer.queue.is_empty() {
            peer.is_touched = true;
            self.touched.push(at);
        }
    }

    pub(super) fn next_touched(&mut self) -> Option<usize> {
        let at = self.touched.pop()?;
        self.peers[at].is_touched = false;
        Some(at)
    }

    /// Writes what is queued for somebody, many frames at once.
    pub(super) fn write(&mut self, at: usize, stream: &mut impl Write) -> std::io::Result<Outcome> {
        self.peers[at].write(stream)
    }

    /// Takes what came from somebody.
    pub(super) fn hear(&mut self, at: usize, bytes: &[u8]) {
        let mut received = std::mem::take(&mut self.peers[at].received);
        received.extend_from_slice(bytes);
        let mut start = 0;
        if self.peers[at].state == State::New
            && let Some(end) = speech::end_of_request(&received)
        {
            start = end;
            self.peers[at].state = State::Upgraded;
            self.say(at, &speech::upgraded());
        }
        while self.peers[at].state != State::New
            && let Some((payload, end)) = speech::masked(&received[start..])
        {
            self.take(at, &received[start + payload..start + end]);
            start += end;
        }
        received.drain(..start);
        self.peers[at].received = received;
    }

    fn take(&mut self, at: usize, text: &[u8]) {
        if self.peers[at].state == State::Upgraded {
            self.peers[at].state = State::In;
            self.say(at, &speech::ready());
            return;
        }
        let Some((event, answer)) = speech::placed(text, self.seq + 1) else {
            return;
        };
        self.seq += 1;
        for peer in 0..self.peers.len() {
            if self.peers[peer].state == State::In {
                self.say(peer, &event);
            }
        }
        self.say(at, &answer);
    }

    fn say(&mut self, at: usize, frame: &Shared) {
        self.peers[at].queue.push_back(Arc::clone(frame));
        self.touch(at);
    }
}

impl Peer {
    fn write(&mut self, stream: &mut impl Write) -> std::io::Result<Outcome> {
        let mut slices = [IoSlice::new(&[]); FRAMES];
        let mut count = 0;
        for (slice, frame) in slices.iter_mut().zip(&self.queue) {
            let from = if count == 0 { self.written } else { 0 };
            *slice = IoSlice::new(&frame[from..]);
            count += 1;
        }
        if count == 0 {
            return Ok(Outcome::Done);
        }
        match stream.write_vectored(&slices[..count]) {
            Ok(written) => self.advance(written),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Outcome::Done),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(Outcome::More)
    }

    fn advance(&mut self, mut written: usize) {
        while let Some(first) = self.queue.front() {
            let left = first.len() - self.written;
            if written < left {
                self.written += written;
                return;
            }
            written -= left;
            self.written = 0;
            self.queue.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::frames::{self, Frame, Heard};

    #[test]
    fn what_one_says_everybody_hears() {
        let mut room = Room::default();
        for at in 0..2 {
            room.enter();
            room.hear(at, b"GET / HTTP/1.1\r\n\r\n");
            room.hear(at, &from_client(r#"{"t":"hello","token":""}"#));
        }

        let said = from_client(
            r#"{"t":"send","ref":"000000000007","room_id":"r","client_id":"c","text":"000000000042 .."}"#,
        );
        let (first, rest) = said.split_at(9);
        room.hear(0, first);
        room.hear(0, rest);

        let (sender, other) = (heard(&mut room, 0), heard(&mut room, 1));
        let message = Heard::Message { seq: 1 };
        let answer = Heard::Acknowledged { number: 7, seq: 1 };
        assert_eq!(other, [(message, Some(42))]);
        assert_eq!(sender[1], (answer, Some(42)));
    }

    fn from_client(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        frames::write(&mut bytes, frames::TEXT, text.as_bytes()).unwrap();
        bytes
    }

    /// What was written to somebody after their `ready`.
    fn heard(room: &mut Room, at: usize) -> Vec<(Heard, Option<u64>)> {
        let mut written = Vec::new();
        while matches!(room.write(at, &mut written).unwrap(), Outcome::More) {}
        let mut rest = written.strip_prefix(&*speech::upgraded()).unwrap();
        let mut all = Vec::new();
        while let Some((Frame::Text(text), after)) = frames::split(rest) {
            all.push((frames::hear(text), frames::stamp(text)));
            rest = after;
        }
        all.split_off(1)
    }
}
