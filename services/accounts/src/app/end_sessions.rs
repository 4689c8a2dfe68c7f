//! What every end of a session leaves behind: a revocation for the gateways, which hold unexpired access tokens to be good, and an entry for the
//! user's own log, so that their other devices notice.

use chrono::{DateTime, Utc};
use kith_ids::{SessionId, UserId};
use sqlx::PgConnection;

use crate::{
    domain::session::Cause,
    store::{outbox, revocations},
};

/// Records that sessions were deleted. Call it last before the commit: it takes the lock that orders revocations.
pub(crate) async fn record(
    tx: &mut PgConnection,
    user_id: UserId,
    session_ids: &[SessionId],
    cause: Cause,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    if session_ids.is_empty() {
        return Ok(());
    }
    outbox::insert_sessions_ended(tx, user_id, session_ids, now).await?;
    revocations::insert(tx, user_id, session_ids, cause, now).await?;
    metrics::counter!("kith_accounts_sessions_ended_total").increment(session_ids.len() as u64);
    Ok(())
}
