//! Tells the others in a room that somebody writes, or stopped.

use kith_api::chat::v1::Typing;
use kith_ids::{RoomId, UserId};

use super::App;
use crate::{Error, store::typing};

pub(crate) async fn set_typing(
    app: &App,
    user: UserId,
    room: RoomId,
    active: bool,
) -> Result<(), Error> {
    let mut db = app.pool.acquire().await?;
    let hidden = typing::list_hidden(&mut db, room, user)
        .await?
        .ok_or(Error::RoomNotFound)?;
    app.fanout.publish_typing(Typing {
        room_id: room.to_string(),
        user_id: user.to_string(),
        active,
        hidden_from_ids: hidden.into_iter().map(String::from).collect(),
    });
    Ok(())
}
