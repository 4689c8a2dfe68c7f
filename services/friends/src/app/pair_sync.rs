//! Keeping chat's idea of two people right: the lock on a pair, judging pairs again after a change, and telling chat.

use std::time::Duration;

use kith_ids::UserId;
use sqlx::{PgConnection, PgTransaction};

use super::{App, Result, notices::Notices};
use crate::{
    domain::{
        pair::{Pair, PairState},
        visibility::VisibilityChange,
    },
    error::Error,
    store::{self, outbox, pairs, users},
};

/// Pairs judged in one transaction: enough to be quick, few enough not to keep others waiting.
const BATCH: i64 = 100;
/// How long an answer that does not depend on chat waits for it nevertheless.
const SOON: Duration = Duration::from_secs(1);

/// Whether a pair that chat does not know yet is made known to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// Chat asks when it needs it.
    Skip,
    /// Chat must have it even before it asks: a block counts in groups too.
    Create,
}

impl App {
    /// Begins a transaction about two people. Lock order of everything about two people: the pair, then the two users (shared). So acts
    /// on one pair are one after the other, and neither settings change nor account goes while they are judged.
    pub(super) async fn begin_pair(&self, pair: Pair) -> Result<PgTransaction<'static>> {
        let mut tx = store::begin(&self.pool).await?;
        pairs::lock(&mut tx, &[pair]).await?;
        if users::lock_shared(&mut tx, &pair.both()).await?.len() < 2 {
            return Err(Error::UserNotFound);
        }
        Ok(tx)
    }

    /// Tells chat these pairs where it may not have the newest; when this returns, they hold there.
    pub(crate) async fn tell_pairs(&self, wanted: &[Pair]) -> Result<()> {
        let states = pairs::list_unapplied(&mut *store::acquire(&self.pool).await?, wanted).await?;
        if states.is_empty() {
            return Ok(());
        }
        self.siblings.apply_pairs(&states).await?;
        pairs::update_applied(&mut *store::acquire(&self.pool).await?, &states).await?;
        Ok(())
    }

    /// Tells chat what it must know of a pair, and at the same time presence what it may; when this returns, it holds in chat.
    pub(super) async fn tell_of_pair(&self, pair: Pair) -> Result<()> {
        let pairs = [pair];
        let (told, ()) = tokio::join!(
            self.tell_pairs(&pairs),
            self.tell_presence_soon(VisibilityChange::Between(pair))
        );
        told
    }

    /// The same, but lets the outbox do it when chat does not answer: for changes that only ever allow more.
    pub(super) async fn tell_pair_soon(&self, pair: Pair) {
        let told = tokio::time::timeout(SOON, self.tell_of_pair(pair)).await;
        if !matches!(told, Ok(Ok(()))) {
            tracing::warn!("chat is told of a new friendship later, by the outbox");
        }
    }

    /// Judges again every pair of a person that chat knows, and tells chat. May be repeated.
    pub(crate) async fn recompute_pairs(&self, user: UserId) -> Result<()> {
        let mut after = None;
        loop {
            let mut connection = store::acquire(&self.pool).await?;
            let others = pairs::list_others(&mut connection, user, after, BATCH).await?;
            drop(connection);
            let Some(last) = others.last().copied() else {
                return Ok(());
            };
            let batch: Vec<Pair> = others
                .iter()
                .filter_map(|other| Pair::of(user, *other))
                .collect();

            let mut tx = store::begin(&self.pool).await?;
            pairs::lock(&mut tx, &batch).await?;
            let people: Vec<UserId> = others.into_iter().chain([user]).collect();
            users::lock_shared(&mut tx, &people).await?;
            let mut notices = Notices::new(self);
            judge_pairs(&mut tx, &batch, Unknown::Skip, &mut notices).await?;
            notices.write(&mut tx).await?;
            store::commit(tx).await?;

            self.tell_pairs(&batch).await?;
            after = Some(last);
        }
    }

    /// Does what the outbox still has of one kind for a person, now; `work` may be repeated.
    pub(super) async fn finish_now(
        &self,
        kind: outbox::Kind,
        user: UserId,
        work: impl AsyncFnOnce() -> Result<()>,
    ) -> Result<()> {
        let open = outbox::list_of(&mut *store::acquire(&self.pool).await?, kind, user).await?;
        if open.is_empty() {
            return Ok(());
        }
        work().await?;
        // Rows that were added meanwhile stay: what they ask for may have come too late for this run.
        outbox::delete(&mut *store::acquire(&self.pool).await?, &open).await?;
        Ok(())
    }
}

/// Judges pairs by what holds now and writes those that changed, each with its next version and a word to chat. The pairs are locked.
pub(super) async fn judge_pairs(
    conn: &mut PgConnection,
    wanted: &[Pair],
    unknown: Unknown,
    notices: &mut Notices<'_>,
) -> Result<()> {
    let mut changed = Vec::new();
    for judgement in pairs::list_judgements(conn, wanted).await? {
        let flags = judgement.facts.flags();
        let version = match judgement.known {
            None if unknown == Unknown::Create => 1,
            Some(known) if known.flags != flags => known.version + 1,
            None | Some(_) => continue,
        };
        changed.push(PairState {
            pair: judgement.pair,
            flags,
            version,
        });
    }
    if changed.is_empty() {
        return Ok(());
    }
    pairs::update_flags(conn, &changed).await?;
    for state in &changed {
        notices.pair(state.pair);
    }
    Ok(())
}
