//! Who consumes the feed, and how far they are.

use kith_auth::Caller;

use super::App;
use crate::{
    Error,
    store::feed_consumers::{self, Consumer, Standing},
};

/// All consumers, and where the log and the feed stand.
pub(crate) async fn get_feed_consumers(
    app: &App,
    caller: &Caller,
) -> Result<(Standing, Vec<Consumer>), Error> {
    caller.require_trusted()?;
    let mut db = app.pool.acquire().await?;
    // No consumer has the empty name.
    let standing = feed_consumers::find(&mut db, "").await?;
    Ok((standing, feed_consumers::list(&mut db).await?))
}
