//! Moves somebody's read position up to a message.

use kith_ids::{MessageId, UserId};

use super::mark_rooms_as_read::{Read, ReadPosition, mark_rooms_as_read};
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
    let read = Read {
        user_id: caller,
        room_id: place.room_id,
        seq: place.seq,
    };
    let answer = mark_rooms_as_read(app, &[read]).await.pop();
    answer.unwrap_or(Err(Error::MessageNotFound))
}
