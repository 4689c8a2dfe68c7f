//! The one place where a failure becomes an HTTP answer: `application/problem+json`, with the headers that its status needs.

use std::{borrow::Cow, time::Duration};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use kith_error::{Failure, Reason, ReasonExt as _};
use serde::Serialize;
use tonic::Status;
use utoipa::ToSchema;

/// A failed call. The document is written by [`write_problem`], which knows the request's id.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) failure: Failure,
    status: StatusCode,
}

/// A problem document, RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Document<'a> {
    /// Always `about:blank`: `code` says which problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The name of the status.
    title: &'static str,
    status: u16,
    /// The word to switch on.
    code: &'static str,
    /// One sentence for people.
    detail: &'a str,
    request_id: &'a str,
    /// The same call may succeed later.
    retryable: bool,
    /// Every bad field at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError<'a>>,
    /// When to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    retry_after_ms: Option<u64>,
}

/// One bad field.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldError<'a> {
    /// Path of the field as the caller wrote it: `text`, `user_ids[2]`.
    field: Cow<'a, str>,
    /// `required`, `too_short`, `too_long`, `invalid`, `unknown`, …
    code: &'a str,
    message: &'a str,
}

impl Problem {
    /// The few statuses that HTTP knows and our table of reasons does not: 408, 414.
    pub(crate) fn with_status(status: StatusCode, reason: Reason, message: &str) -> Self {
        Self {
            failure: Failure::new(reason, message),
            status,
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self {
            status: failure.reason.http_status(),
            failure,
        }
    }
}

impl From<&Status> for Problem {
    fn from(status: &Status) -> Self {
        Failure::from(status).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Nothing has this path.
pub(crate) fn not_found() -> Problem {
    Failure::new(Reason::NotFound, "there is nothing at this path").into()
}

/// Writes the document of a failed call; leaves every other answer as it is.
pub(crate) fn write_problem(response: &mut Response, request_id: &str) {
    // The router itself answers a wrong method, with `Allow` and an empty body.
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let failure = Failure::new(Reason::MethodNotAllowed, "this path has no such method");
        response.extensions_mut().insert(Problem::from(failure));
    }
    let Some(Problem { failure, .. }) = response.extensions_mut().remove::<Problem>() else {
        return;
    };
    let body = document(&failure, response.status(), request_id);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    headers.remove(header::CONTENT_LENGTH);
    if response.status() == StatusCode::UNAUTHORIZED {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if matches!(
        response.status(),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    ) {
        let seconds = whole_seconds(failure.retry_after.unwrap_or_default());
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    *response.body_mut() = Body::from(body);
}

fn document(failure: &Failure, status: StatusCode, request_id: &str) -> Vec<u8> {
    let document = Document {
        kind: "about:blank",
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        code: failure.reason.word(),
        detail: &failure.message,
        request_id,
        retryable: failure.is_retryable(),
        errors: failure
            .violations
            .iter()
            .map(|violation| FieldError {
                field: as_written(&violation.field),
                code: &violation.code,
                message: &violation.message,
            })
            .collect(),
        retry_after_ms: failure
            .retry_after
            .and_then(|after| u64::try_from(after.as_millis()).ok()),
    };
    // A document holds only texts and numbers, which always serialise.
    serde_json::to_vec(&document).unwrap_or_default()
}

/// The services name fields as the protos do; the few that clients know by another name are told by that.
fn as_written(field: &str) -> Cow<'_, str> {
    let name = match field {
        "reply_to_id" => "reply_to",
        "create_time" => "created_at",
        "mute.until" | "mute" => "muted_until",
        "page.page_token" | "page_token" => "cursor",
        "page.page_size" | "page_size" => "limit",
        "query" => "q",
        "before_seq" => "before",
        "after_seq" => "after",
        "around_seq" => "around",
        other => return Cow::Borrowed(other),
    };
    Cow::Borrowed(name)
}

/// At least one, rounded up: a client that comes back sooner is refused again.
fn whole_seconds(wait: Duration) -> u64 {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    seconds.max(1)
}
