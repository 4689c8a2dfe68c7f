//! Gives one room as its participant sees it.

use kith_ids::{RoomId, UserId};

use super::room_views;
use crate::{Error, app::App, domain::room_view::RoomView};

/// The room; `not_found` for everybody who is not in it.
pub(crate) async fn get_chat_room(
    app: &App,
    caller: UserId,
    room: RoomId,
) -> Result<RoomView, Error> {
    let mut db = app.pool.acquire().await?;
    room_views::find(app, &mut db, caller, room).await
}
