//! What a client may say. Reads one text frame strictly: it must be an object with a known `t` and a fit `ref`, or it is a
//! bad frame; a field that is unknown, missing, repeated or of the wrong kind is named. Judges form only; meaning is chat's.

mod fields;

use std::borrow::Cow;

use kith_api::chat::v1::{Cursors, SendMessageRequest};
use kith_error::Failure;
use kith_ids::{RoomId, UserId};
use serde::{Deserialize, de::IgnoredAny};

use self::fields::Fields;
use super::{
    frames::{MAX_FETCH, MAX_ROOMS, MAX_WATCHED},
    presence::{Choice, Custom, OwnStatus},
};

/// Characters of a `ref`.
const MAX_REF: usize = 64;
/// Events of a `fetch` that names no limit.
const FETCH: u32 = 100;
/// Characters of a custom status.
const MAX_CUSTOM: usize = 140;
/// Characters of each word about the client itself, and how many features it may name.
const MAX_CLIENT_WORD: usize = 64;

/// A frame as understood.
#[derive(Debug, PartialEq)]
pub(crate) enum ClientFrame {
    Hello {
        /// Needs none, and may have one.
        reference: Option<String>,
        hello: Hello,
    },
    /// Something that is answered to its `ref`.
    Request(String, Request),
    /// Something without an answer.
    Notice(Notice),
}

/// `hello`.
#[derive(Debug, PartialEq)]
pub(crate) struct Hello {
    pub(crate) token: Option<String>,
    pub(crate) resume: Option<Resume>,
}

/// What a device says it has.
#[derive(Debug, PartialEq)]
pub(crate) enum Resume {
    From(Cursors),
    /// The epoch cannot be one of ours.
    ForeignEpoch,
}

/// What is answered.
#[derive(Debug, PartialEq)]
pub(crate) enum Request {
    Send(SendMessageRequest),
    Read {
        room_id: RoomId,
        seq: u64,
    },
    Watch {
        user_ids: Vec<UserId>,
    },
    Status(OwnStatus),
    Fetch {
        room_id: RoomId,
        after: u64,
        limit: u32,
    },
    Reauth {
        token: String,
    },
    Ping,
}

/// What is not.
#[derive(Debug, PartialEq)]
pub(crate) enum Notice {
    Delivered { room_id: RoomId, seq: u64 },
    Typing { room_id: RoomId, active: bool },
}

/// Why a frame is not understood.
#[derive(Debug, PartialEq)]
pub(crate) enum Refusal {
    /// No object, an unknown `t`, a bad `ref`. Counts against the client.
    BadFrame {
        reference: Option<String>,
        message: &'static str,
    },
    /// A known frame with bad fields.
    BadFields {
        reference: Option<String>,
        is_hello: bool,
        failure: Failure,
    },
}

/// The shape of nearly every frame on a busy node, read without looking at each field twice.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Send<'a> {
    #[serde(rename = "t")]
    _t: IgnoredAny,
    #[serde(rename = "ref", borrow)]
    reference: Cow<'a, str>,
    #[serde(borrow)]
    room_id: Cow<'a, str>,
    client_id: String,
    text: String,
    #[serde(borrow)]
    reply_to: Option<Cow<'a, str>>,
}

/// Reads one frame.
pub(crate) fn parse(text: &str) -> Result<ClientFrame, Refusal> {
    match parse_send(text) {
        Some(frame) => Ok(frame),
        None => parse_any(text),
    }
}

/// A `send` that is right in every point; anything else is for [`parse_any`], which can tell what is wrong.
fn parse_send(text: &str) -> Option<ClientFrame> {
    if !text.starts_with(r#"{"t":"send","#) {
        return None;
    }
    let send: Send<'_> = serde_json::from_str(text).ok()?;
    if !is_fit_ref(&send.reference) {
        return None;
    }
    let room_id: RoomId = send.room_id.parse().ok()?;
    let reply_to_id = match send.reply_to {
        Some(id) => Some(id.parse::<kith_ids::MessageId>().ok()?.to_string()),
        None => None,
    };
    let request = Request::Send(SendMessageRequest {
        room_id: room_id.to_string(),
        client_id: send.client_id,
        text: send.text,
        reply_to_id,
        create_time: None,
    });
    Some(ClientFrame::Request(send.reference.into_owned(), request))
}

fn parse_any(text: &str) -> Result<ClientFrame, Refusal> {
    let bad = |reference, message| Err(Refusal::BadFrame { reference, message });
    let Some(mut fields) = Fields::read(text) else {
        return bad(None, "a frame is one JSON object");
    };
    let reference = match fields.take_head("ref") {
        Ok(None) => None,
        Ok(Some(reference)) if is_fit_ref(&reference) => Some(reference),
        _ => return bad(None, "`ref` is a string of 1 to 64 characters"),
    };
    let Ok(Some(t)) = fields.take_head("t") else {
        return bad(reference, "`t` is a string, once");
    };
    let body = match t.as_str() {
        "hello" => Body::Hello(hello(&mut fields)),
        "delivered" => Body::Notice(delivered(&mut fields)),
        "typing" => Body::Notice(typing(&mut fields)),
        t => match request(t, &mut fields) {
            Err(Unknown) => return bad(reference, "unknown `t`"),
            Ok(_) if reference.is_none() => {
                return bad(None, "this frame needs a `ref`");
            }
            Ok(request) => Body::Request(request),
        },
    };
    if let Err(failure) = fields.finish() {
        return Err(Refusal::BadFields {
            reference,
            is_hello: matches!(body, Body::Hello(_)),
            failure,
        });
    }
    // Without a violation every part was read.
    let frame = match body {
        Body::Hello(hello) => Some(ClientFrame::Hello { reference, hello }),
        Body::Notice(notice) => notice.map(ClientFrame::Notice),
        Body::Request(request) => request
            .zip(reference)
            .map(|(request, reference)| ClientFrame::Request(reference, request)),
    };
    frame.ok_or(Refusal::BadFrame {
        reference: None,
        message: "the frame cannot be read",
    })
}

/// A frame of which the fields may still be found wanting.
enum Body {
    Hello(Hello),
    Notice(Option<Notice>),
    Request(Option<Request>),
}

fn hello(fields: &mut Fields<'_>) -> Hello {
    if let Some(mut client) = fields.object("client") {
        for word in ["name", "version", "platform"] {
            client.optional_text(word, MAX_CLIENT_WORD);
        }
        fields.adopt("client", client);
    }
    fields.optional_texts("features", MAX_CLIENT_WORD);
    // A token that is no string fails like any other wrong token.
    let token = fields
        .raw("token")
        .filter(|raw| *raw != "null")
        .map(|raw| serde_json::from_str(raw).unwrap_or_default());
    Hello {
        token,
        resume: resume(fields),
    }
}

fn resume(fields: &mut Fields<'_>) -> Option<Resume> {
    let mut resume = fields.object("resume")?;
    let epoch = resume.required_raw("epoch").map(str::parse::<u64>);
    let useq = resume.seq("useq");
    let room_seqs = resume.seqs_by_room("rooms", MAX_ROOMS);
    fields.adopt("resume", resume);
    match epoch? {
        Ok(epoch) => Some(Resume::From(Cursors {
            epoch,
            useq: useq?,
            room_seqs: room_seqs?,
        })),
        Err(_) => Some(Resume::ForeignEpoch),
    }
}

/// There is no such request.
struct Unknown;

/// None when a field is bad, which `fields` then knows.
fn request(t: &str, fields: &mut Fields<'_>) -> Result<Option<Request>, Unknown> {
    Ok(match t {
        "send" => send(fields),
        "read" => {
            let (room_id, seq) = (fields.id("room_id"), fields.seq("seq"));
            room_id
                .zip(seq)
                .map(|(room_id, seq)| Request::Read { room_id, seq })
        }
        "watch" => fields
            .ids("user_ids", MAX_WATCHED)
            .map(|user_ids| Request::Watch { user_ids }),
        "status" => status(fields).map(Request::Status),
        "fetch" => {
            let (room_id, after) = (fields.id("room_id"), fields.seq("after"));
            let limit = fields.limit("limit", FETCH, MAX_FETCH);
            room_id.zip(after).map(|(room_id, after)| Request::Fetch {
                room_id,
                after,
                limit,
            })
        }
        "reauth" => fields.text("token").map(|token| Request::Reauth { token }),
        "ping" => Some(Request::Ping),
        _ => return Err(Unknown),
    })
}

fn status(fields: &mut Fields<'_>) -> Option<OwnStatus> {
    let choice = fields.choice(
        "status",
        &[
            ("online", Choice::Online),
            ("away", Choice::Away),
            ("invisible", Choice::Invisible),
        ],
    );
    let expires_at = fields.optional_time("custom_expires_at");
    // Absent: what was said stays; null or nothing: it ends.
    let custom = fields
        .nullable_text("custom", MAX_CUSTOM)
        .map(|text| Custom {
            text: text.unwrap_or_default(),
            expires_at,
        });
    if custom.is_none() && expires_at.is_some() {
        fields.refuse_lone("custom_expires_at", "only together with `custom`");
    }
    Some(OwnStatus {
        choice: choice?,
        custom,
    })
}

fn send(fields: &mut Fields<'_>) -> Option<Request> {
    let room_id = fields.id::<RoomId>("room_id");
    let client_id = fields.text("client_id");
    let text = fields.text("text");
    let reply_to = fields.optional_id::<kith_ids::MessageId>("reply_to");
    fields.no_attachments("attachments");
    Some(Request::Send(SendMessageRequest {
        room_id: room_id?.to_string(),
        client_id: client_id?,
        text: text?,
        reply_to_id: reply_to.map(|id| id.to_string()),
        create_time: None,
    }))
}

fn delivered(fields: &mut Fields<'_>) -> Option<Notice> {
    let (room_id, seq) = (fields.id("room_id"), fields.seq("seq"));
    room_id
        .zip(seq)
        .map(|(room_id, seq)| Notice::Delivered { room_id, seq })
}

fn typing(fields: &mut Fields<'_>) -> Option<Notice> {
    let (room_id, active) = (fields.id("room_id"), fields.flag("active"));
    room_id
        .zip(active)
        .map(|(room_id, active)| Notice::Typing { room_id, active })
}

fn is_fit_ref(reference: &str) -> bool {
    !reference.is_empty() && (reference.len() <= MAX_REF || reference.chars().count() <= MAX_REF)
}

#[cfg(test)]
mod tests;
