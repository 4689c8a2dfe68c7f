//! A cheap WebSocket client for a task of its own: own framing, one buffer, and of each frame it reads only what is asked for. What a
//! real device does with a frame is the SDK's business.

use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use kith_e2e::Person;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// The length of a message's text, which is that of an ordinary chat message with some links and emoji.
const TEXT_BYTES: usize = 200;
/// Digits of the moment of sending at the beginning of a text.
const STAMP_DIGITS: usize = 12;
const READ_BUFFER: usize = 16 * 1024;
/// Longer than any answer to a handshake.
const MAX_HANDSHAKE: usize = 8 * 1024;
const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
const MASKED: u8 = 0x80;
/// In place of a payload's length: the length follows in two bytes.
const LONG: u8 = 0x7e;

/// One authenticated socket.
pub(crate) struct Client {
    stream: TcpStream,
    /// Received; what is before `read` has been heard.
    buffer: Vec<u8>,
    read: usize,
    frame: Vec<u8>,
    /// The text without its stamp.
    filler: String,
}

/// What a frame says to who sends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The answer to a send: the message's place in its room.
    Acknowledged { seq: u64 },
    /// The answer to a send that was refused.
    Refused,
    /// Something that is not counted.
    Other,
}

impl Client {
    /// Connects somebody and waits for `ready`.
    pub(crate) async fn connect(person: &Person) -> anyhow::Result<Self> {
        let hello = format!(r#"{{"t":"hello","token":"{}"}}"#, person.token());
        let mut client = Self::open(&person.api.socket_url(), &hello).await?;
        let first = client.text().await?;
        ensure!(first.contains(r#""t":"ready""#), "not ready: {first}");
        Ok(client)
    }

    /// Connects and says `hello`, whose answer is still to be heard.
    pub(crate) async fn open(url: &str, hello: &str) -> anyhow::Result<Self> {
        let (host, path) = url
            .strip_prefix("ws://")
            .and_then(|rest| rest.split_once('/'))
            .context("an odd socket address")?;
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        let mut client = Self {
            stream,
            buffer: Vec::with_capacity(READ_BUFFER),
            read: 0,
            frame: Vec::new(),
            filler: ".".repeat(TEXT_BYTES - STAMP_DIGITS - 1),
        };
        client.upgrade(host, path).await?;
        client.write(TEXT, hello.as_bytes()).await?;
        Ok(client)
    }

    /// The next text, as it came; pings are answered on the way. Safe to drop half way.
    pub(crate) async fn text(&mut self) -> anyhow::Result<&str> {
        let range = loop {
            match self.next_frame() {
                Some((range, TEXT)) => break range,
                Some((_, PING)) => self.pong().await?,
                Some((range, CLOSE)) => bail!(
                    "the server closed a socket: {}",
                    String::from_utf8_lossy(&self.buffer[range])
                ),
                Some(_) => {}
                None => self.fill().await?,
            }
        };
        Ok(std::str::from_utf8(&self.buffer[range])?)
    }

    /// Says something; the text begins with the moment, counted from `begin`.
    pub(crate) async fn send(
        &mut self,
        room: &str,
        client_id: &str,
        begin: Instant,
    ) -> anyhow::Result<()> {
        let frame = format!(
            r#"{{"t":"send","ref":"s","room_id":"{room}","client_id":"{client_id}","text":"{:012} {}"}}"#,
            begin.elapsed().as_micros(),
            self.filler
        );
        self.write(TEXT, frame.as_bytes()).await
    }

    /// Hears the next text. Safe to drop half way.
    pub(crate) async fn hear(&mut self) -> anyhow::Result<Heard> {
        self.text().await.map(hear)
    }

    /// Answers a ping.
    async fn pong(&mut self) -> anyhow::Result<()> {
        self.write(PONG, &[]).await
    }

    /// Waits for more. Safe to drop half way.
    async fn fill(&mut self) -> anyhow::Result<()> {
        self.buffer.drain(..self.read);
        self.read = 0;
        self.buffer.reserve(READ_BUFFER);
        let count = self
            .stream
            .read_buf(&mut self.buffer)
            .await
            .context("reading a socket")?;
        ensure!(count > 0, "a socket ended");
        Ok(())
    }

    async fn upgrade(&mut self, host: &str, path: &str) -> anyhow::Result<()> {
        let request = format!(
            "GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        self.stream.write_all(request.as_bytes()).await?;
        let end = b"\r\n\r\n";
        loop {
            self.fill().await?;
            let found = self.buffer.windows(end.len()).position(|at| at == end);
            if let Some(at) = found {
                ensure!(
                    self.buffer.starts_with(b"HTTP/1.1 101"),
                    "no upgrade: {}",
                    String::from_utf8_lossy(&self.buffer[..at])
                );
                self.read = at + end.len();
                return Ok(());
            }
            ensure!(self.buffer.len() < MAX_HANDSHAKE, "an endless handshake");
        }
    }

    /// Where the next whole frame's payload is, and its first byte. Servers neither mask nor, as ours, fragment.
    fn next_frame(&mut self) -> Option<(std::ops::Range<usize>, u8)> {
        let rest = &self.buffer[self.read..];
        let (size, length) = match *rest.get(1)? {
            126 => (
                4,
                usize::from(u16::from_be_bytes([*rest.get(2)?, *rest.get(3)?])),
            ),
            127 => {
                let long: [u8; 8] = rest.get(2..10)?.try_into().ok()?;
                (10, usize::try_from(u64::from_be_bytes(long)).ok()?)
            }
            short => (2, usize::from(short)),
        };
        let opcode = rest[0];
        let start = self.read + size;
        if self.buffer.len() < start + length {
            return None;
        }
        self.read = start + length;
        Some((start..start + length, opcode))
    }

    /// Writes a frame whose mask is all zeros, which leaves the payload as it is.
    async fn write(&mut self, opcode: u8, payload: &[u8]) -> anyhow::Result<()> {
        self.frame.clear();
        self.frame.push(opcode);
        match u8::try_from(payload.len()) {
            Ok(short) if short < LONG => self.frame.push(MASKED | short),
            _ => {
                self.frame.push(MASKED | LONG);
                let length = u16::try_from(payload.len()).context("a long frame")?;
                self.frame.extend_from_slice(&length.to_be_bytes());
            }
        }
        self.frame.extend_from_slice(&[0; 4]);
        self.frame.extend_from_slice(payload);
        self.stream.write_all(&self.frame).await.context("sending")
    }
}

fn hear(frame: &str) -> Heard {
    if frame.starts_with(r#"{"t":"ok""#) {
        return number_after(frame, r#""seq":"#)
            .map_or(Heard::Other, |seq| Heard::Acknowledged { seq });
    }
    if frame.starts_with(r#"{"t":"err""#) {
        Heard::Refused
    } else {
        Heard::Other
    }
}

/// The moment of sending at the beginning of a text that [`Client::send`] sent, in microseconds.
pub(crate) fn moment(text: &str) -> Option<u64> {
    text.get(..STAMP_DIGITS)?.parse().ok()
}

/// The number that follows the first occurrence of `key`.
pub(crate) fn number_after(frame: &str, key: &str) -> Option<u64> {
    let rest = &frame[frame.find(key)? + key.len()..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_counted_is_read() {
        let ok = r#"{"t":"ok","ref":"s","d":{"message":{"id":"i","seq":9,"text":"1"},"duplicate":false}}"#;

        assert_eq!(hear(ok), Heard::Acknowledged { seq: 9 });
        assert_eq!(hear(r#"{"t":"err","code":"unavailable"}"#), Heard::Refused);
        assert_eq!(hear(r#"{"t":"heads","useq":3}"#), Heard::Other);
    }
}
