//! What gateways compare their cursors with, and read when they differ: heads, and people's own logs.

use kith_api::chat::v1::UserEvent;
use kith_ids::{RoomId, UserId};

use super::{App, user_events};
use crate::{
    Error,
    store::{heads, user_log},
};

/// Where logs end.
pub(crate) struct Heads {
    pub(crate) epoch: i64,
    pub(crate) rooms: Vec<(RoomId, i64)>,
    pub(crate) users: Vec<(UserId, i64)>,
}

pub(crate) async fn get_heads(
    app: &App,
    rooms: &[RoomId],
    users: &[UserId],
) -> Result<Heads, Error> {
    let mut db = app.pool.acquire().await?;
    Ok(Heads {
        // First: an epoch that is bumped in between makes the heads of the new log look old, and they are asked for again.
        epoch: heads::find_epoch(&mut db).await?,
        rooms: heads::list_rooms(&mut db, rooms).await?,
        users: heads::list_users(&mut db, users).await?,
    })
}

/// A person's own log from a cursor on, and its head.
pub(crate) async fn get_user_log(
    app: &App,
    user: UserId,
    after: i64,
    limit: i64,
) -> Result<(Vec<UserEvent>, i64), Error> {
    let mut db = app.pool.acquire().await?;
    // First: entries that are added in between are then above the head that is told, and harmless.
    let head = user_log::find_head(&mut db, user).await?;
    let events = user_events::list(app, &mut db, user, (after, limit)).await?;
    Ok((events, head))
}
