//! Moves somebody's read position up to a message.

use kith_ids::{MessageId, UserId};

use super::mark_room_as_read::{ReadPosition, mark_room_as_read};
use crate::{Error, app::App, store::positions};

/// Everything up to the message is read; `not_found` when the caller cannot see it.
pub(crate) async fn mark_message_as_read(
    app: &App,
    caller: UserId,
    message: MessageId,
) -> Result<ReadPosition, Error> {
    let mut db = app.pool.acquire().await?;
    let place = positions::find_message(&mut db, message, caller)
        .await?
        .ok_or(Error::MessageNotFound)?;
    drop(db);
    mark_room_as_read(app, caller, place.room_id, place.seq).await
}
