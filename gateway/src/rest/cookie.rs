//! The refresh token as a cookie that no script can read and no other site can send.

use axum::response::{AppendHeaders, IntoResponseParts};
use http::{HeaderMap, HeaderName, header};

const NAME: &str = "kith_refresh";
/// Sent to the calls that need it and nowhere else.
const PATH: &str = "/api/v1/auth";

/// A cookie that holds the token until it expires.
pub(super) fn holding(token: &str, seconds: u32, secure: bool) -> impl IntoResponseParts + use<> {
    let secure = if secure { "; Secure" } else { "" };
    set(format!(
        "{NAME}={token}; HttpOnly; SameSite=Strict; Path={PATH}; Max-Age={seconds}{secure}"
    ))
}

/// The end of the cookie.
pub(super) fn cleared() -> impl IntoResponseParts {
    set(format!(
        "{NAME}=; HttpOnly; SameSite=Strict; Path={PATH}; Max-Age=0"
    ))
}

/// The token that a request's cookie holds.
pub(super) fn token(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, token)| *name == NAME && !token.is_empty())
        .map(|(_, token)| token.to_owned())
}

fn set(cookie: String) -> AppendHeaders<[(HeaderName, String); 1]> {
    AppendHeaders([(header::SET_COOKIE, cookie)])
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("a=1; kith_refresh=; b"),
        );
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("c=2; kith_refresh=abc; d=3"),
        );

        assert_eq!(token(&headers).as_deref(), Some("abc"));
        assert_eq!(token(&HeaderMap::new()), None);
    }
}
