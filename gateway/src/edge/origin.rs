//! Which browser pages may act with a user's cookie or open a socket.

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
