//! Forgets a consumer; its stream ends when it looks for itself.

use kith_auth::Caller;

use super::{App, consume_feed};
use crate::{Error, store::feed_consumers};

/// One that does not exist is no error.
pub(crate) async fn delete_feed_consumer(
    app: &App,
    caller: &Caller,
    consumer: &str,
) -> Result<(), Error> {
    caller.require_trusted()?;
    consume_feed::check_name(consumer)?;
    Ok(feed_consumers::delete(&mut *app.pool.acquire().await?, consumer).await?)
}
