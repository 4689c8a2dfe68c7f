//! A cheap WebSocket client: own framing, one buffer, and of each frame it reads only what is counted, because driver,
//! server and Postgres share the processors. What a real device does with a frame is the SDK's business.

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

/// What a frame says to the bench.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The answer to a send: the message's place in its room.
    Acknowledged { seq: u64 },
    /// The answer to a send that was refused.
    Refused,
    /// A message, and how many microseconds after the bench's begin it was sent.
    Message { seq: u64, sent: u64 },
    /// An event of the room that is no message.
    Event { seq: u64 },
    /// The node wants to know whether we are there.
    Ping,
    /// Something that is not counted.
    Other,
}

impl Client {
    /// Connects somebody and waits for `ready`.
    pub(crate) async fn connect(person: &Person) -> anyhow::Result<Self> {
        let url = person.api.socket_url();
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
        let hello = format!(r#"{{"t":"hello","token":"{}"}}"#, person.token());
        client.write(TEXT, hello.as_bytes()).await?;
        loop {
            if let Some((range, _)) = client.next_frame() {
                let first = std::str::from_utf8(&client.buffer[range])?;
                ensure!(first.contains(r#""t":"ready""#), "not ready: {first}");
                return Ok(client);
            }
            client.fill().await?;
        }
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

    /// Hears the next frame. Safe to drop half way.
    pub(crate) async fn hear(&mut self) -> anyhow::Result<Heard> {
        loop {
            match self.heard()? {
                Some(Heard::Ping) => self.pong().await?,
                Some(heard) => return Ok(heard),
                None => self.fill().await?,
            }
        }
    }

    /// The next frame that has been received already.
    pub(crate) fn heard(&mut self) -> anyhow::Result<Option<Heard>> {
        let Some((range, opcode)) = self.next_frame() else {
            return Ok(None);
        };
        let payload = &self.buffer[range];
        Ok(Some(match opcode {
            TEXT => hear(std::str::from_utf8(payload)?),
            PING => Heard::Ping,
            CLOSE => bail!(
                "the server closed a socket: {}",
                String::from_utf8_lossy(payload)
            ),
            _ => Heard::Other,
        }))
    }

    /// Answers a ping.
    pub(crate) async fn pong(&mut self) -> anyhow::Result<()> {
        self.write(PONG, &[]).await
    }

    /// Waits for more. Safe to drop half way.
    pub(crate) async fn fill(&mut self) -> anyhow::Result<()> {
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
    let is = |kind: &str| frame.starts_with(kind) || frame[1..].contains(&kind[1..]);
    if is(r#"{"t":"event""#) {
        let Some(seq) = number_after(frame, r#""seq":"#) else {
            return Heard::Other;
        };
        return match number_after(frame, r#""text":""#) {
            Some(sent) => Heard::Message { seq, sent },
            None => Heard::Event { seq },
        };
    }
    if is(r#"{"t":"ok""#) {
        return number_after(frame, r#""seq":"#)
            .map_or(Heard::Other, |seq| Heard::Acknowledged { seq });
    }
    if is(r#"{"t":"err""#) {
        Heard::Refused
    } else {
        Heard::Other
    }
}

/// The number that follows the first occurrence of `key`.
fn number_after(frame: &str, key: &str) -> Option<u64> {
    let rest = &frame[frame.find(key)? + key.len()..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_counted_is_read() {
        let event = r#"{"t":"event","room_id":"r","seq":7,"type":"message.created","d":{"seq":7,"text":"000000001234 .."}}"#;
        let joined = r#"{"t":"event","room_id":"r","seq":8,"type":"participant.joined","d":{"role":"member"}}"#;
        let ok = r#"{"t":"ok","ref":"s","d":{"message":{"id":"i","seq":9,"text":"1"},"duplicate":false}}"#;

        assert_eq!(hear(event), Heard::Message { seq: 7, sent: 1234 });
        assert_eq!(hear(joined), Heard::Event { seq: 8 });
        assert_eq!(hear(ok), Heard::Acknowledged { seq: 9 });
        assert_eq!(hear(r#"{"t":"err","code":"unavailable"}"#), Heard::Refused);
        assert_eq!(hear(r#"{"t":"heads","useq":3}"#), Heard::Other);
    }

    #[test]
    fn the_order_of_fields_does_not_matter() {
        let event = r#"{"d":{"text":"000000000005 ..","seq":7},"seq":7,"t":"event"}"#;

        assert_eq!(hear(event), Heard::Message { seq: 7, sent: 5 });
    }
}
