//! The web client: the files that `clients/web` builds, embedded in the binary, and its pages. Owns what browsers may keep, and the
//! policy that a page lives under; refuses to answer for anything but the client's own files and routes. A debug build
//! reads the files from the source tree at each request instead.

use std::borrow::Cow;

use axum::{
    extract::Request,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::{error::not_found, rest::meta};

/// What `npm run build` in `clients/web` left; empty when nobody ran it.
#[derive(RustEmbed)]
#[folder = "../clients/web/dist"]
struct WebClient;

const INDEX: &str = "index.html";
/// Ends the name of a file's brotli form.
const COMPRESSED: &str = ".br";
/// Names in this folder hold a hash of the content, so a name never means another content.
const HASHED: &str = "assets/";
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Kept, but asked for again each time: the worker that updates the client must never be an old one.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// Pages name the hashed files of one build; a stored page would name files that are gone.
const NEVER: HeaderValue = HeaderValue::from_static("no-store");

/// First parts of the paths that the client's own router answers (`clients/web/src/routes`).
const PAGES: &[&str] = &[
    "chat", "friends", "messages", "new", "people", "settings", "signin", "signup",
];

/// Only what this host serves runs, and nobody frames it. `'self'` covers the WebSocket of the same host.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'",
);

/// Answers a path that is no route of the API.
pub(crate) async fn serve(request: Request) -> Response {
    answer::<WebClient>(request.method(), request.uri().path(), request.headers())
        .unwrap_or_else(|| not_found().into_response())
}

/// The client's first page, or a word of welcome in a build without it.
pub(crate) async fn home(request: Request) -> Response {
    match answer::<WebClient>(request.method(), "/", request.headers()) {
        Some(page) => page,
        None => meta::welcome(),
    }
}

fn answer<Files: RustEmbed>(method: &Method, path: &str, headers: &HeaderMap) -> Option<Response> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    let path = path.strip_prefix('/')?;
    let name = if is_page(path) { INDEX } else { path };
    let stored = find::<Files>(name, headers)?;
    let caching = match name {
        INDEX => NEVER,
        _ if name.starts_with(HASHED) => FOREVER,
        _ => ASK_AGAIN,
    };
    let fixed = [
        (header::CACHE_CONTROL, caching),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
        (header::ETAG, stored.tag.clone()),
    ];
    if is_known(headers, &stored.tag) {
        return Some((StatusCode::NOT_MODIFIED, fixed).into_response());
    }
    Some((fixed, stored.described, stored.data).into_response())
}

fn is_page(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    path.is_empty() || PAGES.contains(&first)
}

/// A file in the form that the browser gets.
struct Stored {
    data: Cow<'static, [u8]>,
    tag: HeaderValue,
    described: HeaderMap,
}

/// The compressed form when there is one and the browser reads it. Forms are no files of their own, and hidden files are
/// the build's.
fn find<Files: RustEmbed>(name: &str, headers: &HeaderMap) -> Option<Stored> {
    if name.starts_with('.') || name.ends_with(COMPRESSED) {
        return None;
    }
    let plain = Files::get(name)?;
    let mut described = HeaderMap::new();
    let kind = HeaderValue::from_str(plain.metadata.mimetype()).ok()?;
    described.insert(header::CONTENT_TYPE, with_charset(kind));
    let compressed = reads_brotli(headers)
        .then(|| Files::get(&format!("{name}{COMPRESSED}")))
        .flatten();
    if compressed.is_some() {
        described.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    let file = compressed.unwrap_or(plain);
    Some(Stored {
        tag: tag(&file)?,
        data: file.data,
        described,
    })
}

/// All our text is UTF-8, and a browser would have to guess.
fn with_charset(kind: HeaderValue) -> HeaderValue {
    match kind.as_bytes() {
        b"text/html" => HeaderValue::from_static("text/html; charset=utf-8"),
        b"text/javascript" => HeaderValue::from_static("text/javascript; charset=utf-8"),
        b"text/css" => HeaderValue::from_static("text/css; charset=utf-8"),
        _ => kind,
    }
}

/// Names exactly these bytes, so the two forms of a file have two tags.
fn tag(file: &EmbeddedFile) -> Option<HeaderValue> {
    let hash = file.metadata.sha256_hash();
    let text = URL_SAFE_NO_PAD.encode(&hash[..16]);
    HeaderValue::from_str(&format!("\"{text}\"")).ok()
}

fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    listed(headers, &header::IF_NONE_MATCH)
        .any(|known| known.trim_start_matches("W/").as_bytes() == tag.as_bytes())
}

fn reads_brotli(headers: &HeaderMap) -> bool {
    listed(headers, &header::ACCEPT_ENCODING).any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("br") && !is_zero(quality)
    })
}

/// `q=0` means "anything but this".
fn is_zero(quality: &str) -> bool {
    quality
        .trim()
        .strip_prefix("q=")
        .and_then(|value| value.parse::<f32>().ok())
        .is_some_and(|value| value <= 0.0)
}

/// The comma-separated words of a header, over all its lines.
fn listed<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

#[cfg(test)]
mod tests;
