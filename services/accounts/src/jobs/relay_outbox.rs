//! Tells a sibling what happened, in each user's order, until it has understood. Runs on every node: rows are taken for a while under a lock,
//! delivered without one, then deleted. A sibling may hear a thing twice and ignores it by version or by session.

use std::{collections::HashSet, sync::Arc, time::Duration};

use kith_client::Upstream;
use kith_error::Failure;
use kith_ids::UserId;
use tokio::sync::Notify;
use tracing::{Instrument as _, Span};

use crate::{
    app::App,
    config::delta,
    domain::user::User,
    rpc::siblings::{tell_sessions_ended, tell_users},
    store::{
        outbox::{self, Item, Target},
        users,
    },
};

/// Rows of one delivery; the siblings take 500 at most.
const BATCH: i64 = 200;
/// Longer than any delivery takes; after it another node may try.
const TAKEN: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Why a batch was not delivered.
#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("{0}")]
    Sibling(#[from] Failure),
}

/// Until the shutdown.
pub(super) async fn run(app: Arc<App>, target: Target, sibling: Upstream) {
    loop {
        match kith_postgres::within(TAKEN, relay(&app, target, &sibling)).await {
            // There may be more.
            Ok(count) if count > 0 => {
                if app.shutdown.is_signalled() {
                    return;
                }
                continue;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, target = target.word(), "the outbox could not be read");
            }
        }
        tokio::select! {
            () = wakeup(&app, target).notified() => {}
            () = tokio::time::sleep(app.config.outbox_poll_interval) => {}
            () = app.shutdown.signalled() => return,
        }
    }
}

fn wakeup(app: &App, target: Target) -> &Notify {
    match target {
        Target::Friends => &app.news.for_friends,
        Target::Chat => &app.news.for_chat,
    }
}

/// Takes a batch and delivers it; gives its size.
async fn relay(app: &App, target: Target, sibling: &Upstream) -> sqlx::Result<usize> {
    let now = app.now();
    let mut tx = app.pool.begin().await?;
    outbox::lock(&mut tx, target).await?;
    let items = outbox::update_taken(&mut tx, target, now, now + delta(TAKEN), BATCH).await?;
    tx.commit().await?;

    match deliver(app, target, sibling, &items)
        .instrument(relay_span(&items))
        .await
    {
        Ok(()) => {}
        // One bad row must not hold up the others of its batch for ever.
        Err(RelayError::Sibling(failure)) if !failure.is_retryable() && items.len() > 1 => {
            for item in &items {
                deliver_alone(app, target, sibling, item).await?;
            }
        }
        Err(error) => put_back(app, target, &items, &error).await?,
    }
    Ok(items.len())
}

async fn deliver_alone(
    app: &App,
    target: Target,
    sibling: &Upstream,
    item: &Item,
) -> sqlx::Result<()> {
    let items = std::slice::from_ref(item);
    match deliver(app, target, sibling, items)
        .instrument(relay_span(items))
        .await
    {
        Ok(()) => Ok(()),
        Err(error) => put_back(app, target, items, &error).await,
    }
}

/// Runs of the same kind go in one call, so the order of each user's rows is kept.
async fn deliver(
    app: &App,
    target: Target,
    sibling: &Upstream,
    items: &[Item],
) -> Result<(), RelayError> {
    for run in items.chunk_by(|a, b| a.session_id.is_some() == b.session_id.is_some()) {
        let ended: Vec<_> = run
            .iter()
            .filter_map(|item| Some((item.user_id, item.session_id?)))
            .collect();
        if ended.is_empty() {
            tell_users(target, sibling, list_changed(app, run).await?).await?;
        } else {
            tell_sessions_ended(sibling, &ended).await?;
        }
        let ids: Vec<i64> = run.iter().map(|item| item.id).collect();
        outbox::delete(&mut *app.pool.acquire().await?, &ids).await?;
        metrics::counter!("kith_accounts_news_delivered_total", "target" => target.word())
            .increment(ids.len() as u64);
    }
    Ok(())
}

/// A delivery goes on in the traces of its rows; what nobody collects makes none of its own.
fn relay_span(items: &[Item]) -> Span {
    let traces = || items.iter().filter_map(|it| it.traceparent.as_deref());
    if traces().next().is_none() {
        return Span::none();
    }
    let span = tracing::info_span!("accounts.relay");
    kith_telemetry::join_traces(&span, traces());
    span
}

/// Users as they are now: several changes of one become the last.
async fn list_changed(app: &App, items: &[Item]) -> sqlx::Result<Vec<User>> {
    let ids: HashSet<UserId> = items.iter().map(|item| item.user_id).collect();
    let ids: Vec<UserId> = ids.into_iter().collect();
    users::list(&mut *app.pool.acquire().await?, &ids).await
}

/// Rows that were delivered are gone already; the others are due again after a pause that grows.
async fn put_back(
    app: &App,
    target: Target,
    items: &[Item],
    error: &RelayError,
) -> sqlx::Result<()> {
    let attempts = items.iter().map(|item| item.attempts).max().unwrap_or(1);
    let retryable = matches!(error, RelayError::Sibling(failure) if failure.is_retryable());
    if retryable {
        tracing::info!(%error, target = target.word(), attempts, "a sibling service could not be told; it will be");
    } else {
        tracing::error!(%error, target = target.word(), attempts, "a sibling service refused what it was told");
    }
    let mut db = app.pool.acquire().await?;
    // What is new waits no longer for having been in one batch with what was refused many times.
    for run in items.chunk_by(|a, b| a.attempts == b.attempts) {
        let ids: Vec<i64> = run.iter().map(|item| item.id).collect();
        let due = app.now() + delta(pause_after(run[0].attempts));
        outbox::update_due(&mut db, &ids, due).await?;
    }
    Ok(())
}

fn pause_after(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(16);
    FIRST_PAUSE
        .saturating_mul(1 << doublings)
        .min(LONGEST_PAUSE)
        .mul_f64(kith_clock::jitter(0.2))
}
