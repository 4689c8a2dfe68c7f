//! What the server says: one function a frame, written straight into the bytes that go over the wire.

use std::{collections::BTreeMap, fmt::Display, time::Duration};

use kith_error::{Failure, ReasonExt as _};
use serde::Serialize;

use kith_delivery::MAX_UNANSWERED;

use super::framing::{Frame, MAX_MESSAGE};
use crate::wire;

/// Rooms in `resume`, and in `ready`.
pub(crate) const MAX_ROOMS: usize = 500;
/// Events in one `fetch`.
pub(crate) const MAX_FETCH: u32 = 1_000;
/// People in one `watch`.
pub(crate) const MAX_WATCHED: usize = 200;

/// Room ids and their heads, as a JSON object.
pub(crate) type Heads = BTreeMap<String, u64>;

/// A frame is its word and its fields.
#[derive(Serialize)]
struct Tagged<'a, T> {
    t: &'static str,
    #[serde(flatten)]
    fields: &'a T,
}

/// `ready`.
#[derive(Debug, Serialize)]
pub(crate) struct Ready {
    pub(crate) session_id: String,
    pub(crate) user_id: String,
    pub(crate) epoch: u64,
    pub(crate) useq: u64,
    pub(crate) heartbeat_ms: u64,
    pub(crate) server_time: wire::Time,
    pub(crate) rooms: Heads,
    pub(crate) limits: Limits,
}

/// What `ready` says of limits.
#[derive(Debug, Serialize)]
pub(crate) struct Limits {
    pub(crate) frame_bytes: usize,
    pub(crate) unanswered: usize,
    pub(crate) text_characters: usize,
    pub(crate) resume_rooms: usize,
    pub(crate) fetch_events: u32,
    pub(crate) watched_users: usize,
    /// Null: as many as it likes.
    pub(crate) frames_per_minute: Option<u32>,
}

/// `heads` and `behind`.
#[derive(Debug, Serialize)]
pub(crate) struct Standing {
    pub(crate) useq: u64,
    pub(crate) rooms: Heads,
}

/// `resumed`.
#[derive(Debug, Serialize)]
pub(crate) struct Resumed {
    pub(crate) useq: u64,
    pub(crate) too_long: Vec<wire::Head>,
    pub(crate) user_too_long: bool,
}

/// The answer to `send`.
#[derive(Debug, Serialize)]
pub(crate) struct Sent {
    pub(crate) message: wire::Message,
    pub(crate) duplicate: bool,
}

/// The answer to `read`.
#[derive(Debug, Serialize)]
pub(crate) struct Position {
    pub(crate) last_read_seq: u64,
    pub(crate) unread_count: u32,
}

/// The answer to `fetch`.
#[derive(Debug, Serialize)]
pub(crate) struct Fetched {
    pub(crate) events: Vec<wire::Event>,
    pub(crate) from_seq: u64,
    pub(crate) last_seq: u64,
}

/// The answer to `watch`.
#[derive(Debug, Serialize)]
pub(crate) struct Watched {
    pub(crate) presences: Vec<Presence>,
}

/// Somebody's presence.
#[derive(Debug, Serialize)]
pub(crate) struct Presence {
    pub(crate) user_id: String,
    pub(crate) status: &'static str,
    pub(crate) last_seen_at: Option<wire::Time>,
    pub(crate) custom: Option<String>,
    /// In one's own only: one has chosen to be invisible.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) invisible: bool,
}

/// The answer to `reauth`.
#[derive(Debug, Serialize)]
pub(crate) struct Reauthenticated {
    pub(crate) expires_at: wire::Time,
}

/// The answer to `ping` and `status`.
#[derive(Debug, Serialize)]
pub(crate) struct Nothing {}

impl Limits {
    /// The limits of this server.
    pub(crate) const fn new(frames_per_minute: Option<u32>) -> Self {
        Self {
            frame_bytes: MAX_MESSAGE,
            unanswered: MAX_UNANSWERED,
            text_characters: 4_000,
            resume_rooms: MAX_ROOMS,
            fetch_events: MAX_FETCH,
            watched_users: MAX_WATCHED,
            frames_per_minute,
        }
    }
}

/// `ready`.
pub(crate) fn ready(fields: &Ready) -> Frame {
    tagged("ready", fields)
}

/// `event`, written by hand: the hottest frame, and a flattened struct costs twice.
pub(crate) fn event(event: &wire::Event) -> Frame {
    untagged(br#"{"t":"event","#, event)
}

/// The `event` of a message for its sender, made from everybody's: with `client_id`. Copying costs a fraction of encoding.
pub(crate) fn own_event(shared: &Frame, client_id: &str) -> Frame {
    // In front of the text there are only words, ids, numbers and times, so that this is the text's key whatever the text says.
    const BEHIND: &[u8] = br#""text":"#;
    let payload = shared.payload();
    let mut keys = payload.windows(BEHIND.len());
    let Some(at) = keys.position(|window| window == BEHIND) else {
        return shared.clone();
    };
    Frame::text(|bytes| {
        bytes.extend_from_slice(&payload[..at]);
        bytes.extend_from_slice(br#""client_id":"#);
        json(bytes, &client_id);
        bytes.push(b',');
        bytes.extend_from_slice(&payload[at..]);
    })
}

/// `user`.
pub(crate) fn user(event: &wire::UserEvent) -> Frame {
    untagged(br#"{"t":"user","#, event)
}

/// `receipt`.
pub(crate) fn receipt(receipt: &wire::Receipt) -> Frame {
    untagged(br#"{"t":"receipt","#, receipt)
}

/// `typing`.
pub(crate) fn typing(typing: &wire::Typing) -> Frame {
    untagged(br#"{"t":"typing","#, typing)
}

/// `presence`.
pub(crate) fn presence(presence: &Presence) -> Frame {
    untagged(br#"{"t":"presence","#, presence)
}

/// `heads`.
pub(crate) fn heads(standing: &Standing) -> Frame {
    tagged("heads", standing)
}

/// `behind`.
pub(crate) fn behind(standing: &Standing) -> Frame {
    tagged("behind", standing)
}

/// `resumed`.
pub(crate) fn resumed(fields: &Resumed) -> Frame {
    tagged("resumed", fields)
}

/// `drain`.
pub(crate) fn drain(resume_after: Duration) -> Frame {
    Frame::text(|bytes| {
        let millis = resume_after.as_millis();
        put(
            bytes,
            format_args!(r#"{{"t":"drain","resume_after_ms":{millis}}}"#),
        );
    })
}

/// `ok`.
pub(crate) fn ok(reference: &str, d: &impl Serialize) -> Frame {
    Frame::text(|bytes| {
        bytes.extend_from_slice(br#"{"t":"ok","ref":"#);
        json(bytes, &reference);
        bytes.extend_from_slice(br#","d":"#);
        json(bytes, d);
        bytes.push(b'}');
    })
}

/// `err`.
pub(crate) fn err(reference: Option<&str>, failure: &Failure) -> Frame {
    #[derive(Serialize)]
    struct Err<'a> {
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<&'a str>,
        code: &'static str,
        message: &'a str,
        retryable: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    }
    let message = sentence(failure);
    tagged(
        "err",
        &Err {
            reference,
            code: failure.reason.word(),
            message: &message,
            retryable: failure.is_retryable(),
            retry_after_ms: failure
                .retry_after
                .map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
        },
    )
}

/// `err` has no list of fields, so the sentence names them.
fn sentence(failure: &Failure) -> String {
    if failure.violations.is_empty() {
        return failure.message.clone();
    }
    let fields: Vec<String> = failure
        .violations
        .iter()
        .map(|violation| format!("{}: {}", violation.field, violation.message))
        .collect();
    fields.join("; ")
}

fn tagged(t: &'static str, fields: &impl Serialize) -> Frame {
    Frame::text(|bytes| json(bytes, &Tagged { t, fields }))
}

/// Writes an object behind an opened one: its own brace is the comma before it.
fn untagged(opening: &[u8], fields: &impl Serialize) -> Frame {
    Frame::text(|bytes| {
        let start = bytes.len() + opening.len() - 1;
        bytes.extend_from_slice(&opening[..opening.len() - 1]);
        json(bytes, fields);
        if let Some(brace) = bytes.get_mut(start) {
            *brace = b',';
        }
    })
}

fn json(bytes: &mut Vec<u8>, value: &impl Serialize) {
    // Our types have text keys and no failing parts, and a vector takes everything.
    let _ = serde_json::to_writer(bytes, value);
}

fn put(bytes: &mut Vec<u8>, text: impl Display) {
    bytes.extend_from_slice(text.to_string().as_bytes());
}

#[cfg(test)]
mod tests {
    use kith_api::chat::v1;
    use kith_error::Reason;
    use serde_json::{Value, json};

    use super::*;

    fn payload(frame: &Frame) -> Value {
        serde_json::from_slice(frame.payload()).unwrap()
    }

    #[test]
    fn the_senders_copy_is_the_shared_one_with_the_client_id_whatever_the_text_says() {
        for text in [
            "hi",
            r#"","text":"", "client_id": "x"#,
            &"long ".repeat(20_000),
        ] {
            let event = v1::RoomEvent {
                room_id: "r".to_owned(),
                seq: 7,
                body: Some(v1::room_event::Body::MessageCreated(v1::Message {
                    message_id: "m".to_owned(),
                    sender_id: "ann".to_owned(),
                    client_id: Some("a\"b".to_owned()),
                    text: text.to_owned(),
                    ..v1::Message::default()
                })),
                ..v1::RoomEvent::default()
            };
            let shared = super::event(&wire::Event::new(event.clone(), None));

            let own = own_event(&shared, "a\"b");

            assert_eq!(own, super::event(&wire::Event::new(event, Some("ann"))));
        }
    }

    #[test]
    fn an_event_frame_is_the_event_and_its_word() {
        let typing = wire::Typing::from(v1::Typing {
            room_id: "r".to_owned(),
            user_id: "u".to_owned(),
            active: true,
            hidden_from_ids: vec!["x".to_owned()],
        });

        assert_eq!(
            payload(&super::typing(&typing)),
            json!({"t": "typing", "room_id": "r", "user_id": "u", "active": true})
        );
    }

    #[test]
    fn an_error_names_the_bad_fields_and_when_to_retry() {
        let invalid = Failure::invalid_field("seq", "invalid", "must be an integer");
        let limited =
            Failure::new(Reason::RateLimited, "slow").with_retry_after(Duration::from_millis(7));

        assert_eq!(
            payload(&err(Some("a"), &invalid)),
            json!({"t": "err", "ref": "a", "code": "invalid_field",
                "message": "seq: must be an integer", "retryable": false})
        );
        assert_eq!(
            payload(&err(None, &limited)),
            json!({"t": "err", "code": "rate_limited", "message": "slow", "retryable": true,
                "retry_after_ms": 7})
        );
    }

    #[test]
    fn a_ref_is_escaped() {
        assert_eq!(
            payload(&ok("a\"b", &Nothing {})),
            json!({"t": "ok", "ref": "a\"b", "d": {}})
        );
    }
}
