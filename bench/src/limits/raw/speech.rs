//! What the bare servers read and say: requests to upgrade, frames, and what becomes of a message.

use std::sync::Arc;

use memchr::memmem;

use crate::driver::frames::{DIGITS, TEXT};

/// Bytes of a mask, and of the end of a request.
const FOUR: usize = 4;
const SEND: &[u8] = br#"{"t":"send","ref":""#;
const SAID: &[u8] = br#""text":""#;
/// Nobody checks the accept key.
const UPGRADE: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

/// Bytes that may be queued on many sockets.
pub(super) type Shared = Arc<[u8]>;

/// The answer to a request to upgrade.
pub(super) fn upgraded() -> Shared {
    Arc::from(UPGRADE)
}

/// The answer to `hello`.
pub(super) fn ready() -> Shared {
    frame(&[br#"{"t":"ready"}"#])
}

/// Where a request to upgrade ends.
pub(super) fn end_of_request(bytes: &[u8]) -> Option<usize> {
    memmem::find(bytes, b"\r\n\r\n").map(|at| at + FOUR)
}

/// Where the payload of the first whole frame begins, and where the frame ends. The driver's masks are all zeros.
pub(super) fn masked(bytes: &[u8]) -> Option<(usize, usize)> {
    let (start, length) = match bytes.get(1)? & 0x7f {
        126 => (
            4,
            usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])),
        ),
        short => (2, usize::from(short)),
    };
    let payload = start + FOUR;
    (bytes.len() >= payload + length).then_some((payload, payload + length))
}

/// A message in its place in the room: the event for everybody, and the answer to its sender.
pub(super) fn placed(text: &[u8], seq: u64) -> Option<(Shared, Shared)> {
    let number = text.strip_prefix(SEND)?.get(..DIGITS)?;
    let said = &text[memmem::find(text, SAID)?..];
    let stamp = said.get(..SAID.len() + DIGITS)?;
    let seq = seq.to_string();
    // What was said ends with the brace of the frame that it came in.
    let event = frame(&[
        br#"{"t":"event","room_id":""#,
        super::ROOM.as_bytes(),
        br#"","seq":"#,
        seq.as_bytes(),
        br#","type":"message.created","d":{"#,
        said,
        b"}",
    ]);
    let answer = frame(&[
        br#"{"t":"ok","ref":""#,
        number,
        br#"","d":{"seq":"#,
        seq.as_bytes(),
        b",",
        stamp,
        br#""}}"#,
    ]);
    Some((event, answer))
}

/// A frame of these parts, as servers send them.
fn frame(parts: &[&[u8]]) -> Shared {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = vec![TEXT];
    match u8::try_from(length) {
        Ok(short) if short < 126 => bytes.push(short),
        _ => {
            bytes.push(126);
            let long = u16::try_from(length).unwrap_or(u16::MAX);
            bytes.extend_from_slice(&long.to_be_bytes());
        }
    }
    bytes.extend(parts.iter().copied().flatten());
    bytes.into()
}
