//! Gives what was committed its place in the feed. Any node may do it, one at a time.

use sqlx::{Acquire as _, PgPool};

use crate::{
    Error,
    store::feed::{self, Round},
};

/// One round. While another relay is at it, only says where the feed ends.
pub(crate) async fn relay_feed(pool: &PgPool) -> Result<Round, Error> {
    let mut db = pool.acquire().await?;
    let mut tx = db.begin().await?;
    if feed::lock(&mut tx).await?.is_none() {
        let head = feed::find_head(&mut tx).await?;
        return Ok(Round {
            head,
            is_full: false,
        });
    }
    let round = feed::insert_stretches(&mut tx).await?;
    tx.commit().await?;
    Ok(round)
}
