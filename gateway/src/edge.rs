//! What holds for every request before and after its handler: its id, its span and its measure, problem documents, the
//! security headers, cross-origin rules, and where it really comes from.

mod observe;
mod origin;
mod shed;
mod unread;

use std::net::{IpAddr, SocketAddr};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use kith_error::{Failure, Reason};
use tower::ServiceExt as _;
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
};

use crate::{
    error::Problem,
    extract::service_key,
    state::{AppState, Gateway},
};

pub(crate) use origin::origin_allowed;

/// Longest path with query; an id of 10 kB is still told that it is no id.
const URI_BYTES: usize = 12 * 1024;
/// Browsers may remember a preflight for this long.
const PREFLIGHT_SECONDS: u64 = 600;

/// The client's address: the peer's, or what a trusted proxy says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// Whether the client speaks https to a trusted proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IsHttps(pub(crate) bool);

/// Marks a request whose head says its length in two ways.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AmbiguousLength;

/// Layers around the routes, from the inside out.
pub(crate) fn around(router: Router, state: &AppState) -> Router {
    let table = router.clone();
    router
        // A handler that hangs must not hold its client; services have shorter deadlines of their own.
        .layer(middleware::from_fn_with_state(state.clone(), deadline))
        // A panic is a fault of ours in one request, not the end of a connection.
        .layer(CatchPanicLayer::custom(|_| {
            tracing::error!("a handler panicked");
            Problem::from(Failure::internal()).into_response()
        }))
        // Inside of the limits, so that who floods takes no place from others; outside of the deadline, so that a call holds its
        // place for as long as it is worked on.
        .layer(middleware::from_fn_with_state(state.clone(), shed::shed))
        // Before any work: an address that floods costs a lookup.
        .layer(middleware::from_fn_with_state(state.clone(), admit))
        .layer(cors(&state.config.cors_origins))
        // Around the layer above, which answers a preflight of any path.
        .layer(middleware::from_fn_with_state(table, only_known))
        .layer(middleware::map_response(origin::only_for_listed))
        // Around whatever may answer before the body has been read.
        .layer(middleware::from_fn(unread::announce))
        // Outermost: every answer, refusals of the layers above included, gets its id and its document.
        .layer(middleware::from_fn_with_state(
            state.clone(),
            observe::observe,
        ))
}

/// A path means the same with and without its trailing slash.
pub(crate) fn normalized<B>(mut request: http::Request<B>) -> http::Request<B> {
    if let Some(uri) = without_trailing_slash(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

fn without_trailing_slash(uri: &Uri) -> Option<Uri> {
    let path = uri
        .path()
        .strip_suffix('/')
        .filter(|path| !path.is_empty())?;
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(text.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// Finds out where the request comes from, and whether it may be looked at.
async fn admit(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    if request.extensions().get::<AmbiguousLength>().is_some() {
        return ambiguous();
    }
    let length = request
        .uri()
        .path_and_query()
        .map_or(0, |it| it.as_str().len());
    if length > URI_BYTES {
        let message = "the path and its query are too long";
        return Problem::with_status(StatusCode::URI_TOO_LONG, Reason::InvalidRequest, message)
            .into_response();
    }
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip());
    let (address, https) = client(&state, peer, request.headers());
    if let Err(refused) = state.limits.request_from(address)
        && !is_known_service(&state, request.headers())
    {
        return Problem::from(refused).into_response();
    }
    request.extensions_mut().insert(ClientAddress(address));
    request.extensions_mut().insert(IsHttps(https));
    next.run(request).await
}

/// What follows such a head cannot be told from its body, so the connection ends.
fn ambiguous() -> Response {
    let message = "the head says the length of the body in two ways";
    let problem = Problem::from(Failure::new(Reason::InvalidRequest, message));
    let close = [(header::CONNECTION, HeaderValue::from_static("close"))];
    (close, problem).into_response()
}

/// Only a key that was verified a moment ago lifts the limit: a made-up one must not buy look-ups.
fn is_known_service(state: &Gateway, headers: &HeaderMap) -> bool {
    service_key(headers).is_some_and(|key| state.identity.remembers_service_key(key))
}

/// The address nearest to us that is no trusted proxy. What stands further left in `X-Forwarded-For` was written by the client.
fn client(state: &Gateway, peer: IpAddr, headers: &HeaderMap) -> (IpAddr, bool) {
    let is_proxy = |address: IpAddr| state.proxies.iter().any(|proxy| proxy.contains(address));
    if !is_proxy(peer) {
        return (peer, false);
    }
    let https = headers
        .get("x-forwarded-proto")
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"https"));
    let forwarded: Vec<IpAddr> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|text| text.trim().parse().ok())
        .collect();
    let address = forwarded
        .iter()
        .rev()
        .find(|&&address| !is_proxy(address))
        .or(forwarded.first());
    (address.copied().unwrap_or(peer), https)
}

async fn deadline(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let timeout = state.config.request_timeout;
    // What the request asks of services gets no more time than it has itself.
    let answer = kith_runtime::within(Some(timeout), next.run(request));
    match tokio::time::timeout(timeout, answer).await {
        Ok(response) => response,
        Err(_) => Problem::from(Failure::new(
            Reason::Timeout,
            "the answer took too long; the outcome is unknown",
        ))
        .into_response(),
    }
}

/// Asks the bare table whether there is such a path before the preflight of one is answered. No handler is asked.
async fn only_known(State(table): State<Router>, request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS {
        let mut probe = Request::new(Body::empty());
        *probe.method_mut() = Method::OPTIONS;
        *probe.uri_mut() = request.uri().clone();
        let Ok(answer) = table.oneshot(probe).await;
        if answer.status() == StatusCode::NOT_FOUND {
            return answer;
        }
    }
    next.run(request).await
}

/// Listed origins only; `null` is never one, because it cannot be listed.
fn cors(origins: &[String]) -> CorsLayer {
    let origins = origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            observe::REQUEST_ID,
        ])
        .expose_headers([observe::REQUEST_ID, header::RETRY_AFTER])
        .max_age(std::time::Duration::from_secs(PREFLIGHT_SECONDS))
}

#[cfg(test)]
mod tests;
