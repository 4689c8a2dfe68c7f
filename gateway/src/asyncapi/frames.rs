//! The frames, as tables: name, meaning, fields.

use serde_json::{Map, Value, json};

/// A frame.
pub(super) struct Frame {
    /// Its `t`.
    pub(super) t: &'static str,
    pub(super) summary: &'static str,
    /// Said by the client.
    is_request: bool,
    fields: &'static [Field],
}

/// A field of a frame: its name, and its form as [`schema`] reads it. A `?` at the end of the name: it may be left out.
type Field = (&'static str, &'static str);

/// `ref` of a frame that is answered.
const REF: Field = ("ref", "ref");
const ROOM: Field = ("room_id", "id");
const USER: Field = ("user_id", "id");
const SEQ: Field = ("seq", "seq");
const HEADS: Field = ("rooms", "heads");

/// What a client says.
pub(super) const FROM_CLIENT: &[Frame] = &[
    said(
        "hello",
        "Who connects, and what it has already. The token may come with the upgrade instead.",
        &[
            ("token?", "text"),
            ("client?", "client"),
            ("features?", "texts"),
            ("resume?", "resume"),
        ],
    ),
    said(
        "send",
        "Sends a message; answered by `{message, duplicate}` after the commit.",
        &[
            REF,
            ROOM,
            ("client_id", "text"),
            ("text", "text"),
            ("reply_to?", "id"),
            ("attachments?", "list"),
        ],
    ),
    said(
        "read",
        "Everything up to `seq` is read; answered by `{last_read_seq, unread_count}`.",
        &[REF, ROOM, SEQ],
    ),
    said(
        "delivered",
        "Everything up to `seq` has arrived; not answered.",
        &[ROOM, SEQ],
    ),
    said(
        "typing",
        "The user writes, or has stopped; not answered. A beginning is passed on once in 3 s for each room and socket.",
        &[ROOM, ("active", "bool")],
    ),
    said(
        "watch",
        "Replaces the list of those whose presence is shown (at most 200); answered by `{presences}`, without those of whom nothing is certain at the moment.",
        &[REF, ("user_ids", "ids")],
    ),
    said(
        "status",
        "Sets how the user looks, on all their devices; answered by `{}`. `away` ends with the last device, `invisible` with the next choice. \
         `custom`: at most 140 characters, absent keeps it, null ends it; `custom_expires_at` only with it, at most a year ahead.",
        &[
            REF,
            ("status", "own_status"),
            ("custom?", "text|null"),
            ("custom_expires_at?", "time"),
        ],
    ),
    said(
        "fetch",
        "Reads a room's log; answered by `{events, from_seq, last_seq}`.",
        &[REF, ROOM, ("after", "seq"), ("limit?", "limit")],
    ),
    said(
        "reauth",
        "A fresh token of the same user and session; answered by `{expires_at}`.",
        &[REF, ("token", "text")],
    ),
    said("ping", "Answered by `{}`.", &[REF]),
];

/// What the server says.
pub(super) const FROM_SERVER: &[Frame] = &[
    told(
        "ready",
        "Authenticated; live from here on. `rooms`: heads of the 500 rooms with the newest activity.",
        &[
            ("session_id", "id"),
            USER,
            ("epoch", "seq"),
            ("useq", "seq"),
            ("heartbeat_ms", "seq"),
            ("server_time", "time"),
            HEADS,
            ("limits", "object"),
        ],
    ),
    told(
        "event",
        "A durable event of a room, in `seq` order.",
        &[
            ROOM,
            SEQ,
            ("type", "text"),
            ("at", "time"),
            ("d", "RoomEventBody"),
        ],
    ),
    told(
        "user",
        "A durable event of the user.",
        &[
            ("useq", "seq"),
            ("type", "text"),
            ("at", "time"),
            ("d", "UserEventBody"),
        ],
    ),
    told(
        "receipt",
        "Somebody's position moved.",
        &[
            ROOM,
            USER,
            ("read_seq?", "seq"),
            ("delivered_seq?", "seq"),
            ("at", "time"),
        ],
    ),
    told(
        "typing",
        "Somebody writes, or has stopped; shown at most 6 s after the last one. Their message ends it.",
        &[ROOM, USER, ("active", "bool")],
    ),
    told(
        "presence",
        "Somebody who is watched came, went or changed their status. Coming and going is told at once, and again after 5 s at the earliest. \
         `last_seen_at` only while offline, and to the hour for who may not see the status; `invisible` only of oneself.",
        &[
            USER,
            ("status", "status"),
            ("last_seen_at", "time|null"),
            ("custom", "text|null"),
            ("invisible?", "bool"),
        ],
    ),
    told(
        "heads",
        "Every `heartbeat_ms`: the rooms that moved since the last one.",
        &[("useq", "seq"), HEADS],
    ),
    told(
        "resumed",
        "Everything missed has been sent; what is named must be paged instead.",
        &[
            ("useq", "seq"),
            ("too_long", "heads_list"),
            ("user_too_long", "bool"),
        ],
    ),
    told(
        "behind",
        "The queue overflowed: these rooms are detached until a `fetch` up to their head.",
        &[("useq", "seq"), HEADS],
    ),
    told(
        "drain",
        "This node is leaving: reconnect after that.",
        &[("resume_after_ms", "seq")],
    ),
    told("ok", "A request was done.", &[REF, ("d?", "object")]),
    told(
        "err",
        "A request, or the connection, was refused.",
        &[
            ("ref?", "ref"),
            ("code", "text"),
            ("message", "text"),
            ("retryable", "bool"),
            ("retry_after_ms?", "seq"),
        ],
    ),
];

const fn said(t: &'static str, summary: &'static str, fields: &'static [Field]) -> Frame {
    Frame {
        t,
        summary,
        is_request: true,
        fields,
    }
}

const fn told(t: &'static str, summary: &'static str, fields: &'static [Field]) -> Frame {
    Frame {
        t,
        summary,
        is_request: false,
        fields,
    }
}

impl Frame {
    /// Its name among the messages; `typing` goes both ways.
    pub(super) fn name(&self) -> String {
        let direction = if self.is_request { "client" } else { "server" };
        format!("{direction}.{}", self.t)
    }

    /// The schema of the whole frame.
    pub(super) fn payload(&self) -> Value {
        let mut properties = Map::from_iter([("t".to_owned(), json!({"const": self.t}))]);
        let mut required = vec!["t"];
        for &(name, form) in self.fields {
            let known = name.strip_suffix('?').unwrap_or(name);
            if known == name {
                required.push(name);
            }
            properties.insert(known.to_owned(), schema(form));
        }
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            // Clients ignore what they do not know; the server refuses it.
            "additionalProperties": !self.is_request,
        })
    }
}

/// The schema of a form; a form that is none of these is a component.
fn schema(form: &str) -> Value {
    match form {
        "id" => json!({"type": "string", "format": "uuid"}),
        "ids" => {
            json!({"type": "array", "items": {"type": "string", "format": "uuid"}, "maxItems": 200})
        }
        "ref" => json!({"type": "string", "minLength": 1, "maxLength": 64}),
        "text" => json!({"type": "string"}),
        "text|null" => json!({"type": ["string", "null"]}),
        "texts" => json!({"type": "array", "items": {"type": "string"}}),
        "list" => json!({"type": "array"}),
        "bool" => json!({"type": "boolean"}),
        "seq" => json!({"type": "integer", "minimum": 0}),
        "limit" => json!({"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}),
        "time" => json!({"type": "string", "format": "date-time"}),
        "time|null" => json!({"type": ["string", "null"], "format": "date-time"}),
        "status" => json!({"enum": ["online", "away", "offline"]}),
        "own_status" => json!({"enum": ["online", "away", "invisible"]}),
        "object" => json!({"type": "object"}),
        "heads" => json!({"type": "object", "additionalProperties": {"type": "integer"}}),
        "heads_list" => {
            json!({"type": "array", "items": {"$ref": "#/components/schemas/RoomHead"}})
        }
        "resume" => json!({"$ref": "#/components/schemas/SyncRequest"}),
        "client" => json!({
            "type": "object",
            "properties": {
                "name": {"type": "string"}, "version": {"type": "string"}, "platform": {"type": "string"},
            },
        }),
        component => json!({"$ref": format!("#/components/schemas/{component}")}),
    }
}
