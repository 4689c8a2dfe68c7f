//! Other backends on the internal port: `authorization: Bearer kith_sk_…` becomes a caller that the services know.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use kith_api::accounts::v1::VerifyServiceKeyRequest;
use kith_auth::Caller;
use kith_client::Upstream;
use kith_error::{Failure, Reason};
use kith_ids::UserId;
use sha2::{Digest as _, Sha256};
use tonic::Status;

/// The metadata by which a backend acts for a person.
pub(crate) const ON_BEHALF_OF: &str = "kith-on-behalf-of";
const PREFIX: &str = "Bearer kith_sk_";
/// How long a key is believed without asking; so long a revoked one may still pass.
const LIFETIME: Duration = Duration::from_secs(5);
/// Keys remembered; more means that somebody is guessing, and then forgetting all is right.
const CAPACITY: usize = 1024;

/// Names by the digest of the key, each with the moment it was heard.
type Known = HashMap<[u8; 32], (String, Instant)>;

/// Asks accounts whose key it is, and remembers for a moment.
#[derive(Clone)]
pub(super) struct ServiceKeys {
    accounts: Upstream,
    known: Arc<Mutex<Known>>,
}

impl ServiceKeys {
    pub(super) fn new(accounts: Upstream) -> Self {
        Self {
            accounts,
            known: Arc::default(),
        }
    }

    async fn name_of(&self, key: &str) -> Result<String, Status> {
        let digest: [u8; 32] = Sha256::digest(key).into();
        if let Some(name) = self.remembered(&digest) {
            return Ok(name);
        }
        let request = VerifyServiceKeyRequest {
            key: key.to_owned(),
        };
        let answer = self
            .accounts
            .accounts(&Caller::node("internal port"))
            .verify_service_key(request)
            .await?;
        let name = answer.into_inner().service_name;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CAPACITY {
            known.clear();
        }
        known.insert(digest, (name.clone(), Instant::now()));
        Ok(name)
    }

    fn remembered(&self, digest: &[u8; 32]) -> Option<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(digest)
            .filter(|(_, since)| since.elapsed() < LIFETIME)
            .map(|(name, _)| name.clone())
    }
}

/// Vouches for callers with a service key; lets all others pass to the services, which ask for the caller context.
pub(super) async fn vouch(
    State(keys): State<ServiceKeys>,
    mut request: Request,
    next: Next,
) -> Response {
    // The headers alone: a body cannot be looked at from several threads.
    let headers = request.headers().clone();
    match caller(&keys, &headers).await {
        Ok(Some(caller)) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Ok(None) => next.run(request).await,
        Err(status) => status.into_http(),
    }
}

async fn caller(keys: &ServiceKeys, headers: &HeaderMap) -> Result<Option<Caller>, Status> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(bearer) = header("authorization").filter(|value| value.starts_with(PREFIX)) else {
        return Ok(None);
    };
    let on_behalf_of = header(ON_BEHALF_OF)
        .map(str::parse::<UserId>)
        .transpose()
        .map_err(|_| {
            Status::from(Failure::new(
                Reason::InvalidRequest,
                "the metadata `kith-on-behalf-of` is no user id",
            ))
        })?;
    let key = bearer.trim_start_matches("Bearer ");
    let name = keys.name_of(key).await?;
    Ok(Some(Caller::Service { name, on_behalf_of }))
}
