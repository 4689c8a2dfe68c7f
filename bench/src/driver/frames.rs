//! WebSocket frames, and the little of Kith's messages that a load counts. A message event is some 600 bytes; who only counts reads the first
//! hundred.

use std::sync::LazyLock;

use anyhow::Context as _;
use memchr::memmem::Finder;

pub(crate) const TEXT: u8 = 0x81;
pub(crate) const PONG: u8 = 0x8a;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const MASKED: u8 = 0x80;
/// In place of a payload's length: it follows in two bytes.
const LONG: u8 = 0x7e;
/// The code in front of a close frame's reason.
const CLOSE_CODE: usize = 2;
/// A pong without a payload, masked with zeros.
pub(crate) const EMPTY_PONG: [u8; 6] = [PONG, MASKED, 0, 0, 0, 0];

const EVENT: &[u8] = br#"{"t":"event","#;
const ROOM: &[u8] = br#""room_id":""#;
const OK: &[u8] = br#"{"t":"ok","ref":""#;
const ERR: &[u8] = br#"{"t":"err","ref":""#;
const READ: &[u8] = br#"{"t":"ok","ref":"read","#;
const UNREAD: &[u8] = br#"{"t":"err","ref":"read","#;
const BEHIND: &[u8] = br#"{"t":"behind""#;
const CREATED: &[u8] = br#""type":"message.created""#;
/// A room's id and the quote behind it.
const UUID_AND_QUOTE: usize = 37;
/// Digits of a `ref`, and of the moment at the beginning of a text.
pub(crate) const DIGITS: usize = 12;

static SEQ: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""seq":"#));
static POSITION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""last_read_seq":"#));
static TYPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(CREATED));
static STAMP: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""text":""#));

/// What came over a socket.
#[derive(Debug)]
pub(crate) enum Frame<'a> {
    Text(&'a [u8]),
    Ping,
    Close(String),
    Other,
}

/// What a text frame says to a load.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A message.
    Message { seq: u64 },
    /// An event of the room that is no message.
    Event { seq: u64 },
    /// The answer to the send with this number: its place in the room.
    Acknowledged { number: u64, seq: u64 },
    /// The send with this number was refused.
    Refused { number: u64 },
    /// The answer to the read: everything up to there is read.
    Read { seq: u64 },
    /// The read was refused.
    Unread,
    /// The socket is detached from its room.
    Behind,
    /// Something that is not counted.
    Other,
}

/// The first whole frame, and what follows it. Servers neither mask nor, as ours, fragment.
pub(crate) fn split(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])> {
    let (&opcode, &short) = (bytes.first()?, bytes.get(1)?);
    let (start, length) = match short {
        126 => (
            4,
            usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])),
        ),
        127 => {
            let long: [u8; 8] = bytes.get(2..10)?.try_into().ok()?;
            (10, usize::try_from(u64::from_be_bytes(long)).ok()?)
        }
        short => (2, usize::from(short)),
    };
    let payload = bytes.get(start..start + length)?;
    let frame = match opcode {
        TEXT => Frame::Text(payload),
        PING => Frame::Ping,
        CLOSE => {
            let reason = payload.get(CLOSE_CODE..).unwrap_or_default();
            Frame::Close(String::from_utf8_lossy(reason).into_owned())
        }
        _ => Frame::Other,
    };
    Some((frame, &bytes[start + length..]))
}

/// Appends a frame whose mask is all zeros, which leaves the payload as it is.
pub(crate) fn write(into: &mut Vec<u8>, opcode: u8, payload: &[u8]) -> anyhow::Result<()> {
    into.push(opcode);
    match u8::try_from(payload.len()) {
        Ok(short) if short < LONG => into.push(MASKED | short),
        _ => {
            into.push(MASKED | LONG);
            let length = u16::try_from(payload.len()).context("a long frame")?;
            into.extend_from_slice(&length.to_be_bytes());
        }
    }
    into.extend_from_slice(&[0; 4]);
    into.extend_from_slice(payload);
    Ok(())
}

/// What a text says.
pub(crate) fn hear(text: &[u8]) -> Heard {
    heard(text).unwrap_or(Heard::Other)
}

fn heard(text: &[u8]) -> Option<Heard> {
    if let Some(rest) = text.strip_prefix(EVENT) {
        return event(rest);
    }
    if let Some(rest) = text.strip_prefix(READ) {
        let (seq, _) = number(&rest[POSITION.find(rest)? + POSITION.needle().len()..])?;
        return Some(Heard::Read { seq });
    }
    if text.starts_with(UNREAD) {
        return Some(Heard::Unread);
    }
    if let Some(rest) = text.strip_prefix(OK) {
        let (number, rest) = number(rest)?;
        let (seq, _) = self::number(&rest[SEQ.find(rest)? + SEQ.needle().len()..])?;
        return Some(Heard::Acknowledged { number, seq });
    }
    if let Some(rest) = text.strip_prefix(ERR) {
        let (number, _) = number(rest)?;
        return Some(Heard::Refused { number });
    }
    text.starts_with(BEHIND).then_some(Heard::Behind)
}

/// The room's id comes first and is as long everywhere; only of another order of the fields more has to be read.
fn event(rest: &[u8]) -> Option<Heard> {
    let behind_room = rest
        .strip_prefix(ROOM)
        .and_then(|rest| rest.get(UUID_AND_QUOTE..));
    let at_seq = behind_room.and_then(|rest| rest.strip_prefix(b",\"seq\":"));
    let (seq, after) = match at_seq {
        Some(rest) => number(rest)?,
        None => number(&rest[SEQ.find(rest)? + SEQ.needle().len()..])?,
    };
    let is_message = after
        .get(1..)
        .is_some_and(|after| after.starts_with(CREATED))
        || (at_seq.is_none() && TYPE.find(rest).is_some());
    Some(if is_message {
        Heard::Message { seq }
    } else {
        Heard::Event { seq }
    })
}

/// How many microseconds after the bench's begin the message of this event was sent.
pub(crate) fn stamp(text: &[u8]) -> Option<u64> {
    let at = STAMP.find(text)? + STAMP.needle().len();
    number(text.get(at..at + DIGITS)?).map(|(stamp, _)| stamp)
}

/// The number at the beginning, and what follows it.
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    let digits = text.get(..end).filter(|digits| !digits.is_empty())?;
    let number = digits.iter().fold(0_u64, |number, digit| {
        number.wrapping_mul(10) + u64::from(digit - b'0')
    });
    Some((number, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM_ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    #[test]
    fn only_what_is_counted_is_read() {
        let event = |kind: &str| {
            format!(
                r#"{{"t":"event","room_id":"{ROOM_ID}","seq":71,"type":"{kind}","at":"x","d":{{"text":"000000001234 .."}}}}"#
            )
        };
        let message = event("message.created");

        assert_eq!(hear(message.as_bytes()), Heard::Message { seq: 71 });
        assert_eq!(stamp(message.as_bytes()), Some(1234));
        assert_eq!(
            hear(event("participant.joined").as_bytes()),
            Heard::Event { seq: 71 }
        );
        assert_eq!(
            hear(
                br#"{"t":"ok","ref":"000000000007","d":{"message":{"id":"i","seq":9,"text":"1"}}}"#
            ),
            Heard::Acknowledged { number: 7, seq: 9 }
        );
        assert_eq!(
            hear(br#"{"t":"err","ref":"000000000008","code":"unavailable"}"#),
            Heard::Refused { number: 8 }
        );
        assert_eq!(
            hear(br#"{"t":"ok","ref":"read","d":{"last_read_seq":12,"unread_count":3}}"#),
            Heard::Read { seq: 12 }
        );
        assert_eq!(
            hear(br#"{"t":"err","ref":"read","code":"unavailable"}"#),
            Heard::Unread
        );
        assert_eq!(
            hear(br#"{"t":"behind","useq":3,"rooms":{}}"#),
            Heard::Behind
        );
        assert_eq!(hear(br#"{"t":"heads","useq":3}"#), Heard::Other);
    }

    #[test]
    fn the_order_of_fields_does_not_matter() {
        let event = br#"{"t":"event","type":"message.created","d":{"text":"000000000005 ..","seq":7},"seq":7}"#;

        assert_eq!(hear(event), Heard::Message { seq: 7 });
        assert_eq!(stamp(event), Some(5));
    }

    #[test]
    fn frames_are_split_where_they_end() {
        let mut bytes = vec![TEXT, 2, b'{', b'}', PING, 0, TEXT, 126, 1, 0];
        let long = [b'a'; 256];

        let (first, rest) = split(&bytes).unwrap();
        let (second, rest) = split(rest).unwrap();

        assert!(matches!(first, Frame::Text(b"{}")));
        assert!(matches!(second, Frame::Ping));
        assert!(split(rest).is_none());
        bytes.extend_from_slice(&long);
        let (third, rest) = split(&bytes[6..]).unwrap();
        assert!(matches!(third, Frame::Text(text) if text == long));
        assert!(rest.is_empty());
    }

    #[test]
    fn a_pong_is_an_empty_frame() {
        let mut written = Vec::new();

        write(&mut written, PONG, &[]).unwrap();

        assert_eq!(written, EMPTY_PONG);
    }
}
