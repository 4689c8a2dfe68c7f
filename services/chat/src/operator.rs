//! What the person who operates Kith does to chat, without gRPC.

use sqlx::PgPool;

/// Bumps the log's epoch, after a restore: every device starts afresh. Running nodes notice within 5 s. Gives the new epoch.
pub async fn bump_epoch(pool: &PgPool) -> Result<u64, crate::Error> {
    // The row is missing when no node has started on this database yet.
    crate::store::log_state::settle(pool).await?;
    Ok(crate::store::log_state::update_epoch(pool).await?)
}
