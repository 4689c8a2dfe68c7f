//! Who presents this token? Verifies access tokens with the keys of accounts, and knows which sessions ended before
//! their tokens expired. Refuses to guess: without keys the answer is `unavailable`, never "fine".

mod keys;
mod revocations;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use kith_api::accounts::v1::PublicKey;
use kith_auth::{Caller, Claims, Scope, TokenError};
use kith_client::{ServiceKeys, Upstream};
use kith_clock::Clock;
use kith_error::{Failure, Reason};
use kith_ids::{SessionId, UserId};
use kith_runtime::Tasks;
use tokio::sync::broadcast;

use self::{keys::Keys, revocations::Revocations};

pub(crate) use revocations::{Cause, Revoked};

/// Verifies tokens. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Identity(Arc<Inner>);

struct Inner {
    accounts: Upstream,
    clock: Clock,
    keys: Keys,
    revocations: Revocations,
    service_keys: ServiceKeys,
}

/// What a token that holds says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verified {
    pub(crate) user_id: UserId,
    pub(crate) session_id: SessionId,
    pub(crate) expires_at: DateTime<Utc>,
}

impl Identity {
    /// Trusts the keys of this accounts service. Knows nothing until [`Identity::start`].
    pub(crate) fn new(accounts: Upstream, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            keys: Keys::default(),
            revocations: Revocations::default(),
            service_keys: ServiceKeys::new(accounts.clone(), "gateway"),
            accounts,
            clock,
        }))
    }

    /// Follows the keys, the ended sessions and the revoked service keys until the shutdown.
    pub(crate) fn start(&self, tasks: &Tasks) {
        let (identity, shutdown) = (self.clone(), tasks.shutdown().clone());
        tasks.restarting("gateway.keys", move || {
            let (identity, shutdown) = (identity.clone(), shutdown.clone());
            async move {
                let inner = &identity.0;
                inner.keys.follow(&inner.accounts, &shutdown).await;
            }
        });
        let (identity, shutdown) = (self.clone(), tasks.shutdown().clone());
        tasks.restarting("gateway.revocations", move || {
            let (identity, shutdown) = (identity.clone(), shutdown.clone());
            async move {
                let inner = &identity.0;
                inner
                    .revocations
                    .follow(&inner.accounts, &inner.clock, &shutdown)
                    .await;
            }
        });
        let (identity, shutdown) = (self.clone(), tasks.shutdown().clone());
        tasks.spawn("gateway.service_keys", async move {
            tokio::select! {
                () = identity.0.service_keys.follow() => {}
                () = shutdown.signalled() => {}
            }
        });
    }

    /// Who a token names: `unauthenticated`, `token_expired`, or `unavailable` when there are no keys to judge by.
    pub(crate) async fn verify(&self, token: &str) -> Result<Verified, Failure> {
        self.verify_for_socket(token)
            .await
            .map_err(|failure| match failure.reason {
                Reason::Revoked | Reason::AccountDisabled => {
                    unauthenticated("the session has ended")
                }
                _ => failure,
            })
    }

    /// The same, with the finer words that sockets have: also `revoked` and `account_disabled`.
    pub(crate) async fn verify_for_socket(&self, token: &str) -> Result<Verified, Failure> {
        let claims = self.claims(token).await?;
        match self.revocation(claims.sid) {
            Some(Cause::Ended) => {
                return Err(Failure::new(Reason::Revoked, "the session has ended"));
            }
            Some(Cause::AccountDisabled) => {
                return Err(Failure::new(
                    Reason::AccountDisabled,
                    "the account is disabled",
                ));
            }
            None => {}
        }
        Ok(Verified {
            user_id: claims.sub,
            session_id: claims.sid,
            // The verifier has compared `exp` with the clock, so it is a time.
            expires_at: DateTime::from_timestamp(claims.exp, 0).unwrap_or(DateTime::<Utc>::MAX_UTC),
        })
    }

    /// The name of the service that a `kith_sk_…` key belongs to; `forbidden` when the key does not open the REST calls.
    pub(crate) async fn verify_service_key(&self, key: &str) -> Result<String, Failure> {
        let key = self.0.service_keys.verify(key).await?;
        key.require(Scope::Rest)?;
        Ok(key.name)
    }

    /// Whether the key was verified a moment ago.
    pub(crate) fn remembers_service_key(&self, key: &str) -> bool {
        self.0.service_keys.remembers(key)
    }

    /// The keys of accounts, newest first; fetched if there are none yet.
    pub(crate) async fn public_keys(&self) -> Result<Arc<[PublicKey]>, Failure> {
        if let Some(keys) = self.0.keys.list() {
            return Ok(keys);
        }
        self.0.keys.refetch(&self.0.accounts).await?;
        Ok(self.0.keys.list().unwrap_or_default())
    }

    /// Ends sessions here and now: accounts has just answered that they are over, and the news need not travel back first.
    pub(crate) fn revoke_locally(&self, user_id: UserId, sessions: &[SessionId]) {
        for &session_id in sessions {
            self.0.revocations.add(
                Revoked {
                    user_id,
                    session_id,
                    cause: Cause::Ended,
                },
                self.0.clock.now(),
            );
        }
    }

    /// Every session that ends from now on, for open sockets. A receiver that lags must compare with [`Identity::revocation`].
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Revoked> {
        self.0.revocations.subscribe()
    }

    /// Why the session ended, if it did.
    pub(crate) fn revocation(&self, session: SessionId) -> Option<Cause> {
        self.0.revocations.cause(session)
    }

    async fn claims(&self, token: &str) -> Result<Claims, Failure> {
        let inner = &self.0;
        let verdict = match inner.keys.verify(token, &inner.clock) {
            // An unknown `kid` may be a key made since the last look.
            Err(TokenError::UnknownKey) => {
                inner.keys.refetch(&inner.accounts).await?;
                inner.keys.verify(token, &inner.clock)
            }
            verdict => verdict,
        };
        verdict.map_err(|error| match error {
            TokenError::Expired => {
                Failure::new(Reason::TokenExpired, "the access token has expired")
            }
            TokenError::UnknownKey | TokenError::Invalid => {
                unauthenticated("the access token does not hold")
            }
        })
    }
}

fn node() -> Caller {
    Caller::node("gateway")
}

fn unauthenticated(message: &str) -> Failure {
    Failure::new(Reason::Unauthenticated, message)
}

#[cfg(test)]
mod tests;
