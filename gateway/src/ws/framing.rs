//! WebSocket framing (RFC 6455), the server's side: reads masked client frames, builds frames that all sockets share
//! with their header. Own code, because a shared frame then costs no copy per socket and an idle socket no buffer. No
//! extension is ever negotiated; binary messages are refused.

use bytes::Bytes;

/// The longest message a client may send, and so the longest frame.
pub(crate) const MAX_MESSAGE: usize = 64 * 1024;
/// Room in front of a payload for the longest header of an unmasked frame.
const HEADER_ROOM: usize = 10;
/// What a control frame may carry.
const MAX_CONTROL: usize = 125;
/// A consumed buffer above this is given back.
const KEPT_BUFFER: usize = 4 * 1024;

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
const FIN: u8 = 0x80;

/// A frame as it goes over the wire, header included. Clones share the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame(Bytes);

/// What a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Incoming {
    Text(String),
    Ping(Vec<u8>),
    Pong,
    /// With the code it gave.
    Close(Option<u16>),
}

/// The client broke the protocol; the connection ends with this code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Violation {
    Protocol,
    Binary,
    NotUtf8,
    TooLong,
}

/// Turns received bytes into messages.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// Received and not yet understood.
    buffer: Vec<u8>,
    /// How much of it has been.
    consumed: usize,
    /// The fragments of an unfinished message.
    message: Option<Vec<u8>>,
}

struct Header {
    fin: bool,
    opcode: u8,
    mask: [u8; 4],
    /// Bytes of the header itself.
    size: usize,
    length: usize,
}

impl Frame {
    /// A text frame of what `write` writes.
    pub(crate) fn text(write: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut bytes = Vec::with_capacity(512);
        bytes.extend_from_slice(&[0; HEADER_ROOM]);
        write(&mut bytes);
        Self::finish(TEXT, bytes)
    }

    /// A ping without payload.
    pub(crate) fn ping() -> Self {
        Self(Bytes::from_static(&[FIN | PING, 0]))
    }

    /// The answer to a ping.
    pub(crate) fn pong(payload: &[u8]) -> Self {
        Self::control(PONG, payload)
    }

    /// A close frame.
    pub(crate) fn close(code: u16, reason: &str) -> Self {
        let mut payload = code.to_be_bytes().to_vec();
        payload.extend_from_slice(reason.as_bytes());
        Self::control(CLOSE, &payload)
    }

    /// Bytes on the wire.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// What it carries.
    pub(crate) fn payload(&self) -> &[u8] {
        let header = match self.0[1] {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        &self.0[header..]
    }

    /// The bytes, header included.
    pub(crate) fn into_bytes(self) -> Bytes {
        self.0
    }

    fn control(opcode: u8, payload: &[u8]) -> Self {
        let mut bytes = vec![0; HEADER_ROOM];
        bytes.extend_from_slice(payload);
        Self::finish(opcode, bytes)
    }

    /// Puts the header right before the payload, which starts at [`HEADER_ROOM`].
    fn finish(opcode: u8, mut bytes: Vec<u8>) -> Self {
        let length = bytes.len() - HEADER_ROOM;
        let mut header = [0; HEADER_ROOM];
        header[0] = FIN | opcode;
        let size = match (u8::try_from(length), u16::try_from(length)) {
            (Ok(short), _) if usize::from(short) <= MAX_CONTROL => {
                header[1] = short;
                2
            }
            (_, Ok(medium)) => {
                header[1] = 126;
                header[2..4].copy_from_slice(&medium.to_be_bytes());
                4
            }
            _ => {
                header[1] = 127;
                header[2..10].copy_from_slice(&(length as u64).to_be_bytes());
                10
            }
        };
        let start = HEADER_ROOM - size;
        bytes[start..HEADER_ROOM].copy_from_slice(&header[..size]);
        Self(Bytes::from(bytes).slice(start..))
    }
}

impl Violation {
    /// The close code.
    pub(crate) const fn code(self) -> u16 {
        match self {
            Self::Protocol => 1002,
            Self::Binary => 1003,
            Self::NotUtf8 => 1007,
            Self::TooLong => 1009,
        }
    }

    /// One sentence for the close frame.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::Protocol => "not the WebSocket protocol",
            Self::Binary => "text frames only",
            Self::NotUtf8 => "not UTF-8",
            Self::TooLong => "a frame is at most 64 KiB",
        }
    }
}

impl Decoder {
    /// Takes received bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message, if it is complete. After a violation nothing more can be understood.
    pub(crate) fn next(&mut self) -> Result<Option<Incoming>, Violation> {
        loop {
            let rest = &self.buffer[self.consumed..];
            let Some(header) = Header::read(rest)? else {
                self.compact();
                return Ok(None);
            };
            self.judge(&header)?;
            let end = header.size + header.length;
            if rest.len() < end {
                self.compact();
                return Ok(None);
            }
            let mut payload = rest[header.size..end].to_vec();
            unmask(&mut payload, header.mask);
            self.consumed += end;
            if let Some(incoming) = self.accept(&header, payload)? {
                return Ok(Some(incoming));
            }
        }
    }

    /// Judged by the header alone, so that nobody can make us hold what we refuse.
    fn judge(&self, header: &Header) -> Result<(), Violation> {
        match (header.opcode, &self.message) {
            (CLOSE | PING | PONG, _) => {
                if !header.fin || header.length > MAX_CONTROL {
                    return Err(Violation::Protocol);
                }
                Ok(())
            }
            (BINARY, None) => Err(Violation::Binary),
            (TEXT, None) if header.length > MAX_MESSAGE => Err(Violation::TooLong),
            (CONTINUATION, Some(message)) if message.len() + header.length > MAX_MESSAGE => {
                Err(Violation::TooLong)
            }
            (TEXT, None) | (CONTINUATION, Some(_)) => Ok(()),
            _ => Err(Violation::Protocol),
        }
    }

    fn accept(&mut self, header: &Header, payload: Vec<u8>) -> Result<Option<Incoming>, Violation> {
        match header.opcode {
            PING => Ok(Some(Incoming::Ping(payload))),
            PONG => Ok(Some(Incoming::Pong)),
            CLOSE => read_close(&payload).map(Some),
            _ => {
                let message = match self.message.take() {
                    None => payload,
                    Some(mut message) => {
                        message.extend_from_slice(&payload);
                        message
                    }
                };
                if !header.fin {
                    self.message = Some(message);
                    return Ok(None);
                }
                String::from_utf8(message)
                    .map(|text| Some(Incoming::Text(text)))
                    .map_err(|_| Violation::NotUtf8)
            }
        }
    }

    /// Forgets what was understood, and gives a large buffer back when nothing is left: idle sockets hold nothing.
    fn compact(&mut self) {
        if self.consumed == self.buffer.len() {
            self.buffer.clear();
            if self.buffer.capacity() > KEPT_BUFFER {
                self.buffer = Vec::new();
            }
        } else {
            self.buffer.drain(..self.consumed);
        }
        self.consumed = 0;
    }
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Option<Self>, Violation> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        let has_reserved_bits = first & 0x70 != 0;
        let is_masked = second & 0x80 != 0;
        let opcode = first & 0x0F;
        let is_known = matches!(opcode, CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG);
        if has_reserved_bits || !is_masked || !is_known {
            return Err(Violation::Protocol);
        }
        let (extended, length) = match second & 0x7F {
            126 => match rest.first_chunk::<2>() {
                Some(bytes) => (2, u64::from(u16::from_be_bytes(*bytes))),
                None => return Ok(None),
            },
            127 => match rest.first_chunk::<8>() {
                Some(bytes) => (8, u64::from_be_bytes(*bytes)),
                None => return Ok(None),
            },
            short => (0, u64::from(short)),
        };
        if length > u64::MAX >> 1 {
            return Err(Violation::Protocol);
        }
        let Some(mask) = rest[extended..].first_chunk::<4>() else {
            return Ok(None);
        };
        Ok(Some(Self {
            fin: first & FIN != 0,
            opcode,
            mask: *mask,
            size: 2 + extended + 4,
            length: usize::try_from(length).unwrap_or(usize::MAX),
        }))
    }
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    for (index, byte) in payload.iter_mut().enumerate() {
        *byte ^= mask[index & 3];
    }
}

fn read_close(payload: &[u8]) -> Result<Incoming, Violation> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return if payload.is_empty() {
            Ok(Incoming::Close(None))
        } else {
            Err(Violation::Protocol)
        };
    };
    let code = u16::from_be_bytes(*code);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Violation::Protocol);
    }
    std::str::from_utf8(reason)
        .map(|_| Incoming::Close(Some(code)))
        .map_err(|_| Violation::NotUtf8)
}

#[cfg(test)]
mod tests;
