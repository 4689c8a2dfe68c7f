//! The sessions that ended before their tokens expired: learned from accounts' stream, resumed by position, and from this
//! node's own calls.

use std::{
    collections::HashMap,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use kith_api::accounts::v1::{Revocation, RevocationCause, WatchRevocationsRequest};
use kith_client::Upstream;
use kith_clock::Clock;
use kith_ids::{SessionId, UserId};
use kith_runtime::Shutdown;
use tokio::{sync::broadcast, time::sleep};

use super::node;

/// Longer than any access token lives; after it an entry can no longer matter.
const MEMORY: TimeDelta = TimeDelta::hours(2);
/// Ends that may wait for a slow receiver; a receiver further behind is told that it lags.
const QUEUE: usize = 1_024;
/// Before the stream is opened again.
const PAUSE: Duration = Duration::from_millis(250);

/// A session that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Revoked {
    pub(crate) user_id: UserId,
    pub(crate) session_id: SessionId,
    pub(crate) cause: Cause,
}

/// Why it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Logged out, revoked, password changed, refresh token reused, account deleted: close 4502.
    Ended,
    /// An operator disabled the account: close 4503.
    AccountDisabled,
}

pub(super) struct Revocations {
    ended: RwLock<HashMap<SessionId, Entry>>,
    position: AtomicU64,
    news: broadcast::Sender<Revoked>,
}

struct Entry {
    cause: Cause,
    learned_at: DateTime<Utc>,
}

impl Default for Revocations {
    fn default() -> Self {
        Self {
            ended: RwLock::default(),
            position: AtomicU64::new(0),
            news: broadcast::Sender::new(QUEUE),
        }
    }
}

impl Revocations {
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Revoked> {
        self.news.subscribe()
    }

    pub(super) fn cause(&self, session: SessionId) -> Option<Cause> {
        self.ended
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&session)
            .map(|entry| entry.cause)
    }

    /// Remembers and announces it, once.
    pub(super) fn add(&self, revoked: Revoked, now: DateTime<Utc>) {
        let entry = Entry {
            cause: revoked.cause,
            learned_at: now,
        };
        let known = {
            let mut ended = self.ended.write().unwrap_or_else(PoisonError::into_inner);
            // Pruned when it would grow anyway, so that the cost is spread over the inserts.
            if ended.len() == ended.capacity() {
                ended.retain(|_, entry| entry.learned_at + MEMORY > now);
            }
            ended.insert(revoked.session_id, entry).is_some()
        };
        if !known {
            // Nobody listens when there is no socket.
            let _ = self.news.send(revoked);
        }
    }

    /// Follows accounts' stream until the shutdown.
    pub(super) async fn follow(&self, accounts: &Upstream, clock: &Clock, shutdown: &Shutdown) {
        loop {
            tokio::select! {
                () = self.read_stream(accounts, clock) => {}
                () = shutdown.signalled() => return,
            }
            tokio::select! {
                () = sleep(PAUSE.mul_f64(kith_clock::jitter(0.2))) => {}
                () = shutdown.signalled() => return,
            }
        }
    }

    /// Reads one stream to its end. The position moves only after the sessions are in the set, so a break repeats and never skips.
    async fn read_stream(&self, accounts: &Upstream, clock: &Clock) {
        let after_position = self.position.load(Ordering::Acquire);
        let opened = accounts
            .accounts_stream(&node())
            .watch_revocations(WatchRevocationsRequest { after_position })
            .await;
        let mut stream = match opened {
            Ok(response) => response.into_inner(),
            Err(status) => {
                tracing::warn!(code = ?status.code(), "ended sessions cannot be followed");
                return;
            }
        };
        while let Ok(Some(batch)) = stream.message().await {
            for revocation in batch.revocations {
                let position = revocation.position;
                if let Some(revoked) = read(&revocation) {
                    self.add(revoked, clock.now());
                }
                self.position.fetch_max(position, Ordering::AcqRel);
            }
        }
    }
}

fn read(revocation: &Revocation) -> Option<Revoked> {
    Some(Revoked {
        user_id: revocation.user_id.parse().ok()?,
        session_id: revocation.session_id.parse().ok()?,
        cause: match revocation.cause() {
            RevocationCause::AccountDisabled => Cause::AccountDisabled,
            RevocationCause::Ended | RevocationCause::Unspecified => Cause::Ended,
        },
    })
}
