//! What a request carries beyond its path: each handler's last argument says which of the three it may be.

use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Request};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header, request::Parts};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use kith_error::{Failure, Reason};
use serde_json::Map;

use crate::{
    error::Problem,
    read::{Fields, Read, parse_json, parse_query},
    state::AppState,
};

/// For the whole body to arrive; a dribbling one must not hold a connection.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A JSON body, and no query.
pub(crate) struct Json<T>(pub(crate) T);

/// A query string.
pub(crate) struct Query<T>(pub(crate) T);

/// Neither body nor query. An empty JSON object passes for no body.
pub(crate) struct Nothing;

impl Read for Nothing {
    fn read(_: &mut Fields) -> Self {
        Self
    }
}

impl<T: Read> FromRequest<AppState> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, Problem> {
        let Nothing = Fields::read_query(parse_query(request.uri().query())?)?;
        // A call with a cookie has no body and says so by naming no type for it.
        let may_be_empty = !request.headers().contains_key(header::CONTENT_TYPE);
        let body = body(request, T::BODY_BYTES).await?;
        let fields = if body.is_empty() && may_be_empty {
            Map::new()
        } else {
            parse_json(&body)?
        };
        Ok(Self(Fields::read_body(fields)?))
    }
}

impl FromRequest<AppState> for Nothing {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, Problem> {
        let Self = Fields::read_query(parse_query(request.uri().query())?)?;
        let body = body(request, Self::BODY_BYTES).await?;
        if body.is_empty() {
            return Ok(Self);
        }
        Ok(Fields::read_body(parse_json(&body)?)?)
    }
}

impl<T: Read> FromRequestParts<AppState> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        Ok(Self(Fields::read_query(parse_query(parts.uri.query())?)?))
    }
}

/// The whole body, if it is JSON of a permitted size.
async fn body(request: Request, most: usize) -> Result<Bytes, Problem> {
    let (parts, body) = request.into_parts();
    if declared_length(&parts.headers).is_some_and(|length| length > most as u64) {
        return Err(too_large(most));
    }
    if parts.headers.contains_key(header::CONTENT_ENCODING) {
        return Err(unsupported("bodies are taken without a content encoding"));
    }
    let collected = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, most).collect())
        .await
        .map_err(|_| {
            let message = "the body took too long to arrive";
            Problem::with_status(StatusCode::REQUEST_TIMEOUT, Reason::Timeout, message)
        })?;
    let bytes = match collected {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(too_large(most)),
        Err(_) => {
            let failure = Failure::new(Reason::InvalidRequest, "the body could not be read");
            return Err(failure.into());
        }
    };
    if !bytes.is_empty() && !is_json(&parts.headers) {
        return Err(unsupported("the body must be application/json"));
    }
    Ok(bytes)
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// `application/json`, perhaps with parameters; a charset other than UTF-8 is another type.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let mut parts = value.split(';').map(str::trim);
    parts
        .next()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"))
        && parts.all(|parameter| {
            let charset = parameter
                .split_once('=')
                .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
            charset
                .is_none_or(|(_, set)| set.trim().trim_matches('"').eq_ignore_ascii_case("utf-8"))
        })
}

fn too_large(most: usize) -> Problem {
    let message = format!("the body may have at most {} KiB", most / 1024);
    Failure::new(Reason::TooLarge, message).into()
}

fn unsupported(message: &str) -> Problem {
    Failure::new(Reason::UnsupportedMediaType, message).into()
}
