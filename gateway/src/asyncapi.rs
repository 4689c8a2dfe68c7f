//! The description of the socket, AsyncAPI 3.0: every frame in both directions, and how a connection ends. Shapes that REST
//! has too are the components of the OpenAPI document.

mod frames;

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use self::frames::{FROM_CLIENT, FROM_SERVER, Frame};
use crate::openapi;

/// Codes of the closes, and what a client does then.
const CLOSES: &str = "Closes: 1001 draining; 1002, 1003, 1007, 1009 protocol, binary, UTF-8, size; 4000 internal, 4001 hello_timeout, \
4002 token_expired (refresh first), 4003 slow, 4004 rate_limited: reconnect with full jitter, rand(0, min(30 s, 0.5 s * 2^n)); \
4500 bad_frame, 4501 auth_failed, 4502 revoked, 4503 account_disabled, 4504 too_many_devices: stop.";

static DOCUMENT: LazyLock<Value> = LazyLock::new(build);

/// The document.
pub(crate) fn document() -> &'static Value {
    &DOCUMENT
}

fn build() -> Value {
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Kith socket",
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!(
                "Text frames, one JSON object each, at most 64 KiB; subprotocol `kith.v1`. The first frame is `hello`, \
                 within 10 s. {CLOSES}"
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "socket": {
                "address": "/api/v1/ws",
                "messages": references("#/components/messages/"),
                "bindings": {"ws": {"method": "GET"}},
            },
        },
        "operations": {
            "fromClient": operation("receive", "What the client says.", FROM_CLIENT),
            "fromServer": operation("send", "What the server says.", FROM_SERVER),
        },
        "components": {"messages": messages(), "schemas": schemas()},
    })
}

fn all() -> impl Iterator<Item = &'static Frame> {
    FROM_CLIENT.iter().chain(FROM_SERVER)
}

fn references(to: &str) -> Map<String, Value> {
    all()
        .map(|frame| {
            let name = frame.name();
            let reference = json!({"$ref": format!("{to}{name}")});
            (name, reference)
        })
        .collect()
}

fn operation(action: &str, summary: &str, frames: &[Frame]) -> Value {
    let messages: Vec<_> = frames
        .iter()
        .map(|frame| json!({"$ref": format!("#/channels/socket/messages/{}", frame.name())}))
        .collect();
    json!({
        "action": action,
        "summary": summary,
        "channel": {"$ref": "#/channels/socket"},
        "messages": messages,
    })
}

fn messages() -> Map<String, Value> {
    all()
        .map(|frame| {
            let message = json!({
                "name": frame.t,
                "summary": frame.summary,
                "payload": frame.payload(),
            });
            (frame.name(), message)
        })
        .collect()
}

/// The schemas of the REST calls.
fn schemas() -> Value {
    // The document holds only texts, numbers and maps, which always serialise.
    let openapi = serde_json::to_value(openapi::document()).unwrap_or_default();
    openapi["components"]["schemas"].clone()
}

#[cfg(test)]
mod tests;
