//! Renames a group.

use kith_api::chat::v1::{RoomUpdated, room_event::Body};
use kith_ids::{RoomId, UserId};

use super::{get_chat_room::get_chat_room, stays};
use crate::{
    Error,
    app::App,
    domain::{
        membership::{Act, permit},
        room_view::RoomView,
    },
    store::{events, rooms},
};

/// Gives the group another name; the name it has already, or none, changes nothing.
pub(crate) async fn update_chat_room(
    app: &App,
    caller: UserId,
    room: RoomId,
    name: Option<String>,
) -> Result<RoomView, Error> {
    if let Some(name) = name {
        rename(app, caller, room, name).await?;
    }
    get_chat_room(app, caller, room).await
}

async fn rename(app: &App, caller: UserId, room: RoomId, name: String) -> Result<(), Error> {
    let mut tx = app.pool.begin().await?;
    let (mut room, stay) = stays::lock_for(&mut tx, room, caller).await?;
    permit(stay.kind, stay.role, Act::Rename)?;
    if room.name.as_deref() == Some(name.as_str()) {
        return Ok(());
    }
    let at = events::find_time(&mut tx).await?;
    rooms::update_name(&mut tx, room.id, &name).await?;
    let body = Body::RoomUpdated(RoomUpdated {
        name: Some(name),
        avatar_url: None,
        actor_id: caller.to_string(),
    });
    let event = events::insert(&mut tx, &mut room, body, at).await?;
    tx.commit().await?;
    app.fanout.publish_room_event(event);
    Ok(())
}
