//! The plain calls of the contract, one method each, under the contract's names. A method answers the model object or
//! an [`ApiError`] that carries the server's problem document. Nothing is retried here: whoever calls knows whether
//! repeating is harmless ([`ApiError::is_outcome_unknown`] says when it is needed).

mod accounts;
mod chat;
mod error;
mod friends;

use std::{sync::Arc, time::Duration};

use reqwest::{Client, Method, RequestBuilder, StatusCode, Url};
use serde::{Serialize, de::DeserializeOwned};

pub use accounts::{Credentials, PrivacyChange, ProfileChange, Refresh, Registration};
pub use chat::{MessagePost, NewGroup, Posted, RoomChange, RoomSettings, SyncAnswer, Window};
pub use error::{ApiError, FieldError, Problem};
pub use friends::{Requested, Response};

/// No call takes longer; past it the outcome is unknown.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// A server, and who is asking. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    http: Client,
    base: Arc<str>,
    token: Option<Arc<str>>,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

/// Where a page of a list starts and how much is on it.
#[derive(Debug, Clone, Default)]
pub struct Paging {
    /// How many items; the server's default when `None`.
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Api {
    /// A server by its root address, such as `http://127.0.0.1:8080`.
    pub fn new(base: &str) -> Result<Self, ApiError> {
        let http = Client::builder().no_proxy().timeout(CALL_TIMEOUT).build()?;
        Ok(Self {
            http,
            base: base.trim_end_matches('/').into(),
            token: None,
        })
    }

    /// The same server, asked with an access token.
    pub fn with_token(&self, access_token: &str) -> Self {
        Self {
            token: Some(access_token.into()),
            ..self.clone()
        }
    }

    /// The server's root address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Where its socket is.
    pub fn socket_url(&self) -> String {
        format!("{}/api/v1/ws", self.base.replacen("http", "ws", 1))
    }

    /// A request that is not yet sent, with the token: for what has no method here. `path` begins at the root.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        Ok(self.answer(self.v1(Method::GET, path)).await?.1)
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<(StatusCode, T), ApiError> {
        self.answer(self.v1(method, path).json(body)).await
    }

    /// A call that answers 204.
    async fn act(&self, request: RequestBuilder) -> Result<(), ApiError> {
        let response = request.send().await?;
        if response.status().is_success() {
            return Ok(());
        }
        Err(ApiError::from_response(response).await)
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<(StatusCode, T), ApiError> {
        let response = request.send().await?;
        let status = response.status();
        if !status.is_success() {
            return Err(ApiError::from_response(response).await);
        }
        let body = response.bytes().await?;
        let value = serde_json::from_slice(&body)
            .map_err(|source| ApiError::Unreadable { status, source })?;
        Ok((status, value))
    }

    fn v1(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, &format!("/api/v1{path}"))
    }
}

impl Paging {
    fn onto(&self, path: &str, more: &[(&str, Option<String>)]) -> String {
        let mut all = vec![
            ("limit", self.limit.map(|limit| limit.to_string())),
            ("cursor", self.cursor.clone()),
        ];
        all.extend_from_slice(more);
        with_query(path, &all)
    }
}

/// A path with those parameters that have a value, percent-encoded.
fn with_query(path: &str, parameters: &[(&str, Option<String>)]) -> String {
    let given = parameters
        .iter()
        .filter_map(|(name, value)| Some((*name, value.as_deref()?)));
    // The host is never seen: only the library's encoding of the query is wanted.
    match Url::parse_with_params("http://host/", given) {
        Ok(url) if url.query().is_some_and(|query| !query.is_empty()) => {
            format!("{path}?{}", url.query().unwrap_or_default())
        }
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_parameters_leave_no_trace() {
        assert_eq!(with_query("/x", &[("a", None)]), "/x");
    }

    #[test]
    fn parameters_are_encoded() {
        let path = with_query(
            "/x",
            &[
                ("q", Some("a&b =ü".to_owned())),
                ("limit", Some("5".to_owned())),
            ],
        );

        assert_eq!(path, "/x?q=a%26b+%3D%C3%BC&limit=5");
    }

    #[test]
    fn the_socket_is_at_the_same_host() {
        let api = Api::new("https://chat.example/").unwrap();

        assert_eq!(api.socket_url(), "wss://chat.example/api/v1/ws");
    }

    #[test]
    fn the_token_does_not_print() {
        let api = Api::new("http://host").unwrap().with_token("secret");

        assert!(!format!("{api:?}").contains("secret"));
    }
}
