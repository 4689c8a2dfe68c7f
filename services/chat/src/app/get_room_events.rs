//! Reads a room's log from a cursor on: within somebody's current stay, or as it is for a gateway.

use kith_ids::{RoomId, UserId};
use sqlx::PgPool;

use super::App;
use crate::{
    Error,
    store::log::{self, Read, Tail},
};

/// Entries of one answer, when the caller does not say.
const DEFAULT_LIMIT: u32 = 100;
/// Entries of one answer at most.
const MAX_LIMIT: u32 = 1000;

/// The log within the person's stay; `client_id`s are shown to their senders only.
pub(crate) async fn get_room_events(
    app: &App,
    user: UserId,
    room_id: RoomId,
    after: i64,
    limit: u32,
) -> Result<Read, Error> {
    let tail = Tail {
        room_id,
        stay_of: Some(user),
        after,
        limit: clamp(limit),
    };
    read(&app.pool, tail, Some(user)).await
}

/// The log as it is.
pub(crate) async fn get_room_log(
    app: &App,
    room_id: RoomId,
    after: i64,
    limit: u32,
) -> Result<Read, Error> {
    let tail = Tail {
        room_id,
        stay_of: None,
        after,
        limit: clamp(limit),
    };
    read(&app.reserved, tail, None).await
}

async fn read(db: &PgPool, tail: Tail, viewer: Option<UserId>) -> Result<Read, Error> {
    let mut db = db.acquire().await?;
    log::list_tail(&mut db, tail, viewer)
        .await?
        .ok_or(Error::RoomNotFound)
}

/// 0 means the default, more than the maximum is clamped.
pub(crate) fn clamp(limit: u32) -> i64 {
    i64::from(if limit == 0 {
        DEFAULT_LIMIT
    } else {
        limit.min(MAX_LIMIT)
    })
}
