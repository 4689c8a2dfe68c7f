//! Gives each request its id, its span and its measure, and each answer its id, its document and the security headers.
//! Logs the route, never the query, headers or body.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use tracing::Instrument as _;

use crate::{error::write_problem, state::AppState};

/// Names a request across client, logs and answer.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REQUEST_ID_CHARACTERS: usize = 128;

/// The outermost layer.
pub(super) async fn observe(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = request_id(request.headers()).unwrap_or_else(|| state.clock.new_id().to_string());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("unmatched".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().clone();
    let span = tracing::info_span!(
        "http",
        http.method = %method,
        http.route = %route,
        http.status = tracing::field::Empty,
        request.id = %id,
        user.id = tracing::field::Empty,
    );
    let traceparent = request.headers().get("traceparent");
    kith_telemetry::set_parent_from_traceparent(
        &span,
        traceparent.and_then(|value| value.to_str().ok()),
    );

    let mut response = next.run(request).instrument(span.clone()).await;

    span.in_scope(|| write_problem(&mut response, &id));
    span.record("http.status", response.status().as_u16());
    measure(method.as_str(), &route, &response, started);
    set_headers(response.headers_mut(), &id);
    response
}

/// The caller's id, if it is sane.
fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_sane = (1..=REQUEST_ID_CHARACTERS).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    is_sane.then(|| id.to_owned())
}

fn measure(method: &str, route: &str, response: &Response, started: Instant) {
    let labels = [
        // Methods are a client's own words until they match a route.
        ("method", known(method).to_owned()),
        ("route", route.to_owned()),
        ("status", response.status().as_u16().to_string()),
    ];
    metrics::counter!("kith_http_requests_total", &labels).increment(1);
    metrics::histogram!("kith_http_request_duration_seconds", &labels)
        .record(started.elapsed().as_secs_f64());
}

fn known(method: &str) -> &str {
    match method {
        "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" => method,
        _ => "other",
    }
}

fn set_headers(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    // What a person sees is for that person; the few public documents say otherwise themselves.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}
