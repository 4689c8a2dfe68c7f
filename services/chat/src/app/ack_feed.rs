//! Keeps how far a consumer got.

use kith_auth::Caller;

use super::{App, consume_feed};
use crate::{Error, store::feed_consumers};

/// Gives where the consumer is then. Never moves back; refuses what was not handed out, and another epoch.
pub(crate) async fn ack_feed(
    app: &App,
    caller: &Caller,
    consumer: &str,
    (epoch, position): (i64, i64),
) -> Result<i64, Error> {
    caller.require_trusted()?;
    consume_feed::check_name(consumer)?;
    let mut db = app.pool.acquire().await?;
    let now = app.clock.now();
    if let Some(acked) =
        feed_consumers::update_acked(&mut db, consumer, epoch, position, now).await?
    {
        return Ok(acked);
    }
    let standing = feed_consumers::find(&mut db, consumer).await?;
    Err(if standing.consumer.is_some() {
        consume_feed::cursor_invalid()
    } else {
        Error::ConsumerNotFound
    })
}
