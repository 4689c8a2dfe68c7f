//! Changes how somebody keeps a room: mute, pin, archive. Nobody but their own devices hears of it.

use kith_ids::{RoomId, UserId};

use super::{
    get_chat_room::get_chat_room,
    user_events::{self, SOURCE},
};
use crate::{
    Error,
    app::App,
    domain::room_view::RoomView,
    store::{
        user_log,
        user_rooms::{self, Settings},
    },
    wire::user_event::room_settings,
};

/// Changes what is given; what is as wanted already makes no event.
pub(crate) async fn update_room_settings(
    app: &App,
    caller: UserId,
    room: RoomId,
    settings: Settings,
) -> Result<RoomView, Error> {
    let mut tx = app.pool.begin().await?;
    let changed = user_rooms::update_settings(&mut tx, caller, room, settings)
        .await?
        .ok_or(Error::RoomNotFound)?;
    if changed {
        let event = room_settings(caller, room, app.clock.new_id());
        let rows = user_log::insert(&mut tx, SOURCE, &[event], app.clock.now()).await?;
        tx.commit().await?;
        user_events::publish(app, rows).await;
    } else {
        tx.rollback().await?;
    }
    get_chat_room(app, caller, room).await
}
