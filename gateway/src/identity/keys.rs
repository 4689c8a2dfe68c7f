//! The public keys of accounts: fetched at start, every minute, and at an unknown `kid`.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use kith_api::accounts::v1::{GetPublicKeysRequest, PublicKey};
use kith_auth::{Claims, TokenError, TokenVerifier};
use kith_client::Upstream;
use kith_clock::Clock;
use kith_error::Failure;
use kith_runtime::Shutdown;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

use super::node;

/// Withdrawn keys stop working after this long.
const REFRESH: Duration = Duration::from_mins(1);
/// Between two fetches: tokens with made-up `kid`s must not turn into load on accounts.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Keys {
    known: RwLock<Option<Known>>,
    /// Held across a fetch, so that a burst of unknown `kid`s is one fetch that all wait for.
    last_fetch: Mutex<Option<Fetch>>,
}

#[derive(Clone)]
struct Known {
    verifier: Arc<TokenVerifier>,
    keys: Arc<[PublicKey]>,
}

struct Fetch {
    at: Instant,
    succeeded: bool,
}

impl Keys {
    pub(super) fn verify(&self, token: &str, clock: &Clock) -> Result<Claims, TokenError> {
        self.current()
            .ok_or(TokenError::UnknownKey)?
            .verifier
            .verify(token, clock)
    }

    /// Makes sure that the keys are at most [`AT_MOST_EVERY`] old.
    pub(super) async fn refetch(&self, accounts: &Upstream) -> Result<(), Failure> {
        let mut last = self.last_fetch.lock().await;
        if let Some(fetch) = &*last
            && fetch.at.elapsed() < AT_MOST_EVERY
        {
            return if fetch.succeeded {
                Ok(())
            } else {
                Err(Failure::unavailable(AT_MOST_EVERY))
            };
        }
        let answer = accounts
            .accounts(&node())
            .get_public_keys(GetPublicKeysRequest {})
            .await;
        *last = Some(Fetch {
            at: Instant::now(),
            succeeded: answer.is_ok(),
        });
        match answer {
            Ok(answer) => {
                self.learn(answer.into_inner().keys);
                Ok(())
            }
            Err(status) => {
                tracing::warn!(code = ?status.code(), "the public keys could not be fetched");
                Err(Failure::unavailable(AT_MOST_EVERY))
            }
        }
    }

    /// Keeps the keys fresh until the shutdown.
    pub(super) async fn follow(&self, accounts: &Upstream, shutdown: &Shutdown) {
        loop {
            let pause = match self.refetch(accounts).await {
                Ok(()) => REFRESH,
                Err(_) => AT_MOST_EVERY,
            };
            tokio::select! {
                () = sleep(pause.mul_f64(kith_clock::jitter(0.1))) => {}
                () = shutdown.signalled() => return,
            }
        }
    }

    /// The keys, newest first, for the public key set.
    pub(super) fn list(&self) -> Option<Arc<[PublicKey]>> {
        self.current().map(|known| known.keys)
    }

    fn learn(&self, keys: Vec<PublicKey>) {
        let verifier = TokenVerifier::new(
            kith_auth::ISSUER,
            kith_auth::AUDIENCE,
            keys.iter().map(|key| (key.kid.as_str(), &*key.key)),
        );
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Known {
            verifier: Arc::new(verifier),
            keys: keys.into(),
        });
    }

    fn current(&self) -> Option<Known> {
        self.known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
