//! Which browser pages may act with a user's cookie or open a socket.

use axum::response::Response;
use http::{HeaderMap, Uri, header};

use crate::state::Gateway;

/// Whether the request's `Origin` is the host itself or listed. Native clients send none and may pass; `null` may not.
pub(crate) fn origin_allowed(state: &Gateway, headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else {
        return true;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    origins.next().is_none()
        && (state
            .config
            .cors_origins
            .iter()
            .any(|known| known == origin)
            || is_own(origin, headers))
}

/// A page whose origin is not listed gets no cross-origin header at all, not even those that would grant nothing.
pub(super) async fn only_for_listed(mut response: Response) -> Response {
    let headers = response.headers_mut();
    if !headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        for name in [
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            header::ACCESS_CONTROL_ALLOW_METHODS,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            header::ACCESS_CONTROL_MAX_AGE,
        ] {
            headers.remove(name);
        }
    }
    response
}

/// The page came from the host that it now calls.
fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let Ok(origin) = origin.parse::<Uri>() else {
        return false;
    };
    matches!(origin.scheme_str(), Some("http" | "https"))
        && origin
            .authority()
            .zip(host)
            .is_some_and(|(authority, host)| authority.as_str().eq_ignore_ascii_case(host))
}
