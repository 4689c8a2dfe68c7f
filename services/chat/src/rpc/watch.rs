//! Rooms as they are, live.

use std::{pin::Pin, sync::Arc};

use futures::{Stream, StreamExt as _};
use kith_api::chat::v1::{WatchRoomsRequest, WatchRoomsResponse};
use kith_error::into_status;
use kith_ids::RoomId;
use tonic::{Request, Status};

use super::convert;
use crate::{
    Error,
    app::{App, watch_rooms},
};

/// Rooms of one stream.
const MAX_ROOMS: usize = 200;

pub(super) type WatchRoomsStream =
    Pin<Box<dyn Stream<Item = Result<WatchRoomsResponse, Status>> + Send>>;

pub(super) async fn watch_rooms(
    app: &Arc<App>,
    request: Request<WatchRoomsRequest>,
) -> Result<WatchRoomsStream, Error> {
    let caller = convert::caller(&request)?;
    let request = request.into_inner();
    if request.room_ids.is_empty() {
        return Err(Error::invalid_field("room_ids", "required", "at least one"));
    }
    if request.room_ids.len() > MAX_ROOMS {
        return Err(Error::invalid_field("room_ids", "too_many", "at most 200"));
    }
    let mut rooms: Vec<RoomId> = convert::ids("room_ids", &request.room_ids)?;
    rooms.sort_unstable();
    rooms.dedup();
    let happenings = watch_rooms::watch_rooms(app, &caller, &rooms).await?;
    Ok(Box::pin(happenings.map(|happening| match happening {
        Ok(happening) => Ok(WatchRoomsResponse {
            happening: Some(happening),
        }),
        Err(error) => Err(into_status(&error)),
    })))
}
