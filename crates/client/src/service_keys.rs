//! What accounts says of other backends' keys, remembered by the doors that take them. Forgotten after 5 s, and at once when accounts tells
//! that a key was revoked: within a second on every node that hears it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use kith_api::accounts::v1::{VerifyServiceKeyRequest, WatchServiceKeysRequest};
use kith_auth::{Caller, Scope, Scopes};
use kith_error::{Failure, Reason};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use crate::Upstream;

/// How long a key is believed without asking; so long a revoked one may pass where the news of it does not arrive.
const LIFETIME: Duration = Duration::from_secs(5);
/// Keys remembered; more means that somebody is guessing, and then forgetting all is right.
const CAPACITY: usize = 1024;
/// Before the news is asked for again.
const PAUSE: Duration = Duration::from_millis(250);

/// A key that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceKey {
    /// The name given at `kith key create`.
    pub name: String,
    /// What it opens.
    pub scopes: Scopes,
}

/// Asks accounts whose key it is, and remembers for a moment. Cheap to clone; clones remember together.
#[derive(Debug, Clone)]
pub struct ServiceKeys(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    accounts: Upstream,
    /// Which part of Kith asks.
    asker: Caller,
    known: Mutex<Known>,
    /// Moves when keys may have been revoked.
    news: watch::Sender<u64>,
}

/// Keys by the digest of their text, each with the moment it was heard.
#[derive(Debug, Default)]
struct Known {
    keys: HashMap<[u8; 32], (ServiceKey, Instant)>,
    /// Counts the times that all were forgotten: an answer to a question from before is not remembered.
    round: u64,
}

impl ServiceKey {
    /// Refuses what this key was not made for.
    pub fn require(&self, scope: Scope) -> Result<(), Failure> {
        if self.scopes.allow(scope) {
            return Ok(());
        }
        Err(Failure::new(
            Reason::Forbidden,
            format!(
                "the service key was made without the scope `{}`",
                scope.word()
            ),
        ))
    }
}

impl ServiceKeys {
    /// Asks this accounts service, as this part of Kith.
    pub fn new(accounts: Upstream, asker: &str) -> Self {
        Self(Arc::new(Inner {
            accounts,
            asker: Caller::node(asker),
            known: Mutex::default(),
            news: watch::Sender::new(0),
        }))
    }

    /// Whose key it is: `unauthenticated` when it does not hold.
    pub async fn verify(&self, key: &str) -> Result<ServiceKey, Failure> {
        let inner = &self.0;
        let digest = digest(key);
        if let Some(known) = inner.remembered(&digest) {
            return Ok(known);
        }
        let round = inner.known().round;
        let request = VerifyServiceKeyRequest {
            key: key.to_owned(),
        };
        let answer = inner
            .accounts
            .accounts(&inner.asker)
            .verify_service_key(request)
            .await
            .map_err(|status| Failure::from(&status))?
            .into_inner();
        let verified = ServiceKey {
            name: answer.service_name,
            scopes: Scopes::from_words(&answer.scopes),
        };
        inner.remember(digest, verified.clone(), round);
        Ok(verified)
    }

    /// Whether the key was verified a moment ago.
    pub fn remembers(&self, key: &str) -> bool {
        self.0.remembered(&digest(key)).is_some()
    }

    /// Waits until a key that held does not hold any more. Listens from this call on, so make it before the key is verified. While accounts
    /// cannot be asked, the key is believed.
    pub fn revoked(&self, key: &str) -> impl Future<Output = Failure> + Send + use<> {
        let (keys, key, mut news) = (self.clone(), key.to_owned(), self.0.news.subscribe());
        async move {
            loop {
                // The sender lives as long as this does.
                let _ = news.changed().await;
                match keys.verify(&key).await {
                    Err(failure) if failure.reason == Reason::Unauthenticated => return failure,
                    Ok(_) | Err(_) => {}
                }
            }
        }
    }

    /// Follows the news of revocations for ever; end it by dropping.
    pub async fn follow(&self) {
        loop {
            self.read_news().await;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Reads one stream to its end. Its first word counts as news: something may have been missed before it.
    async fn read_news(&self) {
        let inner = &self.0;
        let opened = inner
            .accounts
            .accounts_stream(&inner.asker)
            .watch_service_keys(WatchServiceKeysRequest {})
            .await;
        let mut stream = match opened {
            Ok(response) => response.into_inner(),
            Err(status) => {
                tracing::debug!(code = ?status.code(), "revoked service keys cannot be followed");
                return;
            }
        };
        while let Ok(Some(news)) = stream.message().await {
            inner.forget_all();
            inner.news.send_replace(news.revocations);
        }
    }
}

impl Inner {
    fn remembered(&self, digest: &[u8; 32]) -> Option<ServiceKey> {
        let known = self.known();
        let (key, since) = known.keys.get(digest)?;
        (since.elapsed() < LIFETIME).then(|| key.clone())
    }

    fn remember(&self, digest: [u8; 32], key: ServiceKey, asked_in: u64) {
        let mut known = self.known();
        if known.round != asked_in {
            return;
        }
        if known.keys.len() >= CAPACITY {
            known.keys.clear();
        }
        known.keys.insert(digest, (key, Instant::now()));
    }

    fn forget_all(&self) {
        let mut known = self.known();
        known.keys.clear();
        known.round += 1;
    }

    /// Held for look-ups only, never across an await.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The text itself is not kept.
fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}
