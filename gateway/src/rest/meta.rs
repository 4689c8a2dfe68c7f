//! What this server is and can, the public keys, and the descriptions of its API.

use std::path::Path;

use axum::{
    Json,
    extract::State,
    response::{Html, IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    asyncapi, error::Problem, extract::Nothing, openapi, read::Read as _, state::AppState,
};

/// The page at `/`; the web client takes its place.
const WELCOME: &str = include_str!("welcome.html");
/// Nothing on the page is active.
const WELCOME_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// What this server is and can.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Meta {
    /// Always `kith`.
    name: &'static str,
    version: &'static str,
    versions: Versions,
    /// Where the WebSocket is.
    ws_path: &'static str,
    limits: MetaLimits,
    features: Features,
    /// Logins for trying out; null unless the demo's people are here.
    demo: Option<Demo>,
}

/// The people of the demo, who all have the same password.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Demo {
    usernames: Vec<String>,
    password: String,
}

/// Versions of what clients speak.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Versions {
    /// Of the REST calls.
    api: &'static str,
    /// The WebSocket's subprotocol.
    ws: &'static str,
}

/// Sizes that clients should know beforehand.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MetaLimits {
    body_bytes: usize,
    frame_bytes: usize,
    text_characters: u32,
    page_items: u32,
    resume_rooms: u32,
    sockets_per_user: u32,
    unanswered_requests: u32,
    watched_users: u32,
}

/// What is switched on.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Features {
    edits: bool,
    reactions: bool,
    message_search: bool,
    user_search: bool,
    suggestions: bool,
    presence: bool,
    media: bool,
    push: bool,
    external_issuers: bool,
}

/// A JSON Web Key Set.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeySet {
    keys: Vec<Key>,
}

/// One Ed25519 verification key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Key {
    kty: &'static str,
    crv: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    alg: &'static str,
    kid: String,
    /// The key, base64url.
    x: String,
}

/// Versions, limits and features.
#[utoipa::path(get, path = "/api/v1/meta", tag = "node", responses((status = 200, body = Meta)))]
pub(crate) async fn meta(State(state): State<AppState>) -> Json<Meta> {
    Json(Meta {
        name: "kith",
        version: env!("CARGO_PKG_VERSION"),
        versions: Versions {
            api: "v1",
            ws: "kith.v1",
        },
        ws_path: "/api/v1/ws",
        limits: MetaLimits {
            body_bytes: Nothing::BODY_BYTES,
            frame_bytes: 64 * 1024,
            text_characters: 4_000,
            page_items: 100,
            resume_rooms: 500,
            sockets_per_user: 20,
            unanswered_requests: 64,
            watched_users: 200,
        },
        features: Features {
            edits: false,
            reactions: false,
            message_search: false,
            user_search: true,
            suggestions: true,
            presence: true,
            media: false,
            push: false,
            external_issuers: false,
        },
        demo: demo(&state.demo_logins).await,
    })
}

/// Read anew each time: the demo may be made while the node runs.
async fn demo(logins: &Path) -> Option<Demo> {
    let text = tokio::fs::read(logins).await.ok()?;
    serde_json::from_slice(&text).ok()
}

/// The keys that verify access tokens.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "node", responses((status = 200, body = KeySet)))]
pub(crate) async fn key_set(State(state): State<AppState>) -> Result<Response, Problem> {
    let keys = state.identity.public_keys().await?;
    let keys = keys
        .iter()
        .map(|key| Key {
            kty: "OKP",
            crv: "Ed25519",
            usage: "sig",
            alg: "EdDSA",
            kid: key.kid.clone(),
            x: URL_SAFE_NO_PAD.encode(&key.key),
        })
        .collect();
    Ok((for_a_minute(), Json(KeySet { keys })).into_response())
}

/// This description.
#[utoipa::path(get, path = "/api/openapi.json", tag = "node", responses((status = 200, body = Object)))]
pub(crate) async fn openapi() -> Response {
    (for_a_minute(), Json(openapi::document())).into_response()
}

/// The description of the WebSocket's frames, AsyncAPI 3.0.
#[utoipa::path(get, path = "/api/asyncapi.json", tag = "node", responses((status = 200, body = Object)))]
pub(crate) async fn asyncapi() -> Response {
    (for_a_minute(), Json(asyncapi::document())).into_response()
}

/// The page at the root.
pub(crate) fn welcome() -> Response {
    let policy = HeaderValue::from_static(WELCOME_POLICY);
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(WELCOME)).into_response()
}

fn for_a_minute() -> [(header::HeaderName, HeaderValue); 1] {
    [(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=60"),
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_demo_s_logins_are_offered_where_it_was_made() {
        let file = std::env::temp_dir().join(format!("kith-demo-{}", std::process::id()));
        let text = r#"{"usernames":["ada","bilal"],"password":"demo-password"}"#;
        tokio::fs::write(&file, text).await.unwrap();

        let made = demo(&file).await.unwrap();
        tokio::fs::remove_file(&file).await.unwrap();
        let absent = demo(&file).await;

        assert_eq!(made.usernames, ["ada", "bilal"]);
        assert_eq!(made.password, "demo-password");
        assert!(absent.is_none());
    }
}
