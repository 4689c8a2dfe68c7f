//! Takes who shows what they read.

use kith_ids::UserId;

use crate::{Error, app::App, store::users};

/// Takes it; a version not above the known one is ignored.
pub(crate) async fn apply_read_receipts(
    app: &App,
    user: UserId,
    shown: bool,
    version: i64,
) -> Result<(), Error> {
    let mut db = app.pool.acquire().await?;
    users::update_read_receipts(&mut db, user, shown, version).await?;
    Ok(())
}
