//! The state of the log as a whole: its epoch, which differs after a restore.

use sqlx::PgPool;

/// Makes the row if it is missing, and bumps the epoch when the database is on another timeline than the stored one: it
/// was restored or failed over, and entries that devices have seen may be gone. Gives the epoch.
#[tracing::instrument(name = "db.log_state.settle", skip_all)]
pub(crate) async fn settle(pool: &PgPool) -> Result<u64, sqlx::Error> {
    // One statement, so that two nodes that start at once bump once: the second one finds the stored timeline changed.
    let epoch = sqlx::query_scalar!(
        r#"INSERT INTO chat.log_state AS state (epoch, timeline_id)
           SELECT 1, timeline_id FROM pg_control_checkpoint()
           ON CONFLICT (only_row) DO UPDATE
           SET epoch = state.epoch + (state.timeline_id <> excluded.timeline_id)::int,
               timeline_id = excluded.timeline_id
           RETURNING epoch"#
    )
    .fetch_one(pool)
    .await?;
    Ok(crate::wire::seq(epoch))
}

/// Says that the log is another one from now on.
#[tracing::instrument(name = "db.log_state.update_epoch", skip_all)]
pub(crate) async fn update_epoch(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let epoch = sqlx::query_scalar!("UPDATE chat.log_state SET epoch = epoch + 1 RETURNING epoch")
        .fetch_one(pool)
        .await?;
    Ok(crate::wire::seq(epoch))
}

/// The epoch.
#[tracing::instrument(name = "db.log_state.find_epoch", skip_all)]
pub(crate) async fn find_epoch(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let epoch = sqlx::query_scalar!("SELECT epoch FROM chat.log_state")
        .fetch_one(pool)
        .await?;
    Ok(crate::wire::seq(epoch))
}
