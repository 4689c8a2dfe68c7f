//! Delivers the outbox to chat and presence: at once after a commit on this node, and at intervals what waits for a retry or was left by another
//! node. Any number of nodes may run it. What takes long has a relay of its own, so that it holds up nothing that is told live.

use std::{collections::BTreeMap, time::Duration};

use kith_runtime::Shutdown;
use tracing::{Instrument as _, Span};

use crate::{
    app::{App, Result, change_of},
    config::Config,
    domain::pair::Pair,
    error::Error,
    siblings::SourcedEvent,
    store::{
        self,
        outbox::{self, Entry, Kind},
    },
};

/// Rows taken at once; also what chat takes in one call.
const BATCH: i64 = 200;
/// Long rows taken at once: each must be done before the lease of all of them ends.
const LONG_BATCH: i64 = 4;
/// The pause before the second attempt; doubles from there.
const FIRST_BACKOFF: Duration = Duration::from_millis(200);

/// The relay of one node.
#[derive(Debug, Clone)]
pub(crate) struct Relay {
    app: App,
    config: Config,
    kinds: &'static [Kind],
    batch: i64,
}

impl Relay {
    /// Of what is told at once.
    pub(crate) const fn urgent(app: App, config: Config) -> Self {
        Self {
            app,
            config,
            kinds: Kind::URGENT,
            batch: BATCH,
        }
    }

    /// Of what takes long. Nobody wakes it: it looks at intervals.
    pub(crate) const fn long(app: App, config: Config) -> Self {
        Self {
            app,
            config,
            kinds: Kind::LONG,
            batch: LONG_BATCH,
        }
    }

    /// Runs until the shutdown.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        loop {
            // Past the lease another node may have taken what this one has.
            let round = kith_postgres::within(self.config.relay_lease, self.relay_once());
            let busy = match round.await {
                Ok(delivered) => delivered,
                Err(error) => {
                    tracing::warn!(%error, "the outbox cannot be relayed now");
                    false
                }
            };
            if shutdown.is_signalled() {
                return;
            }
            if busy {
                continue;
            }
            // Spread, so that the nodes do not look at the same time.
            let pause = self.config.relay_interval.mul_f64(kith_clock::jitter(0.2));
            tokio::select! {
                () = self.app.wake.notified(), if self.batch == BATCH => {}
                () = tokio::time::sleep(pause) => {}
                () = shutdown.signalled() => return,
            }
        }
    }

    /// Takes the next rows and delivers them; true when there may be more to do at once.
    async fn relay_once(&self) -> Result<bool> {
        let mut tx = store::begin(&self.app.pool).await?;
        let entries =
            outbox::lock_due(&mut tx, self.kinds, self.batch, self.config.relay_lease).await?;
        store::commit(tx).await?;
        if entries.is_empty() {
            return Ok(false);
        }
        let mut by_kind: BTreeMap<Kind, Vec<Entry>> = BTreeMap::new();
        for entry in entries {
            by_kind.entry(entry.kind).or_default().push(entry);
        }
        let mut any_delivered = false;
        for (kind, entries) in by_kind {
            any_delivered |= self.deliver_group(kind, entries).await?;
        }
        Ok(any_delivered)
    }

    /// Delivers rows of one kind; if that fails as a whole for another reason than that chat is away, one by one.
    async fn deliver_group(&self, kind: Kind, entries: Vec<Entry>) -> Result<bool> {
        match self.deliver(kind, &entries).await {
            Ok(()) => self.done(kind, &entries).await,
            Err(error) if error.is_retryable() || entries.len() == 1 => {
                self.failed(kind, &entries, &error).await
            }
            Err(_) => {
                let mut any_delivered = false;
                for entry in entries {
                    let entry = std::slice::from_ref(&entry);
                    any_delivered |= match self.deliver(kind, entry).await {
                        Ok(()) => self.done(kind, entry).await?,
                        Err(error) => self.failed(kind, entry, &error).await?,
                    };
                }
                Ok(any_delivered)
            }
        }
    }

    async fn deliver(&self, kind: Kind, entries: &[Entry]) -> Result<()> {
        self.tell(kind, entries)
            .instrument(relay_span(entries))
            .await
    }

    async fn tell(&self, kind: Kind, entries: &[Entry]) -> Result<()> {
        match kind {
            Kind::UserEvent => {
                let events: Vec<SourcedEvent> = entries.iter().map(event_of).collect();
                self.app.siblings.append_user_events(&events).await
            }
            Kind::Pair => {
                let pairs: Vec<Pair> = entries
                    .iter()
                    .filter_map(|entry| Pair::of(entry.user, entry.other?))
                    .collect();
                self.app.tell_pairs(&pairs).await
            }
            Kind::ReadReceipts => {
                for entry in entries {
                    self.app.tell_read_receipts(entry.user).await?;
                }
                Ok(())
            }
            Kind::Recompute => {
                for entry in entries {
                    self.app.recompute_pairs(entry.user).await?;
                }
                Ok(())
            }
            Kind::Visibility => {
                let changes: Vec<_> = entries.iter().map(change_of).collect();
                self.app.tell_presence(&changes).await
            }
            Kind::ImportedFriends => {
                for entry in entries {
                    self.app.announce_friendships(entry).await?;
                }
                Ok(())
            }
            Kind::ImportedRequests => {
                for entry in entries {
                    self.app.announce_requests(entry).await?;
                }
                Ok(())
            }
            Kind::ContactJoined => {
                for entry in entries {
                    self.app.announce_contact(entry).await?;
                }
                Ok(())
            }
        }
    }

    async fn done(&self, kind: Kind, entries: &[Entry]) -> Result<bool> {
        let ids: Vec<i64> = entries.iter().map(|entry| entry.id).collect();
        outbox::delete(&mut *store::acquire(&self.app.pool).await?, &ids).await?;
        metrics::counter!("kith_friends_outbox_delivered_total", "kind" => kind.word())
            .increment(ids.len() as u64);
        Ok(true)
    }

    /// Gives rows back for later. An event that chat refuses for good is given up after being logged: it would hold up all later ones of its
    /// person. What decides who may write to whom is never given up.
    async fn failed(&self, kind: Kind, entries: &[Entry], error: &Error) -> Result<bool> {
        let mut connection = store::acquire(&self.app.pool).await?;
        let ids: Vec<i64> = entries.iter().map(|entry| entry.id).collect();
        if error.is_retryable() || kind != Kind::UserEvent {
            let attempts = entries.iter().map(|entry| entry.attempts).max();
            let delay = self.backoff(attempts.unwrap_or(1));
            outbox::update_due(&mut connection, &ids, delay).await?;
            metrics::counter!("kith_friends_outbox_retried_total", "kind" => kind.word())
                .increment(ids.len() as u64);
            return Ok(false);
        }
        tracing::error!(
            kind = kind.word(),
            ?ids,
            %error,
            "chat refuses a delivery; it is given up"
        );
        metrics::counter!("kith_friends_outbox_refused_total", "kind" => kind.word())
            .increment(ids.len() as u64);
        outbox::delete(&mut connection, &ids).await?;
        Ok(true)
    }

    fn backoff(&self, attempts: i32) -> Duration {
        let doublings = u32::try_from(attempts.clamp(1, 16) - 1).unwrap_or(0);
        FIRST_BACKOFF
            .saturating_mul(1 << doublings)
            .min(self.config.relay_max_backoff)
            .mul_f64(kith_clock::jitter(0.2))
    }
}

/// A delivery goes on in the traces of its rows; what nobody collects makes none of its own.
fn relay_span(entries: &[Entry]) -> Span {
    let traces = || entries.iter().filter_map(|it| it.traceparent.as_deref());
    if traces().next().is_none() {
        return Span::none();
    }
    let span = tracing::info_span!("friends.relay");
    kith_telemetry::join_traces(&span, traces());
    span
}

fn event_of(entry: &Entry) -> SourcedEvent {
    SourcedEvent {
        user: entry.user,
        event_id: entry.event_id,
        body: entry.payload.clone(),
    }
}
