//! The logs, read from cursors.

use kith_api::chat::v1::{
    GetHeadsRequest, GetHeadsResponse, GetRoomEventsRequest, GetRoomEventsResponse,
    GetRoomLogRequest, GetRoomLogResponse, GetUserLogRequest, GetUserLogResponse, SyncRequest,
    SyncResponse,
};
use tonic::{Request, Status};

use crate::{Error, app::App};

pub(super) async fn get_room_events(
    _app: &App,
    _request: Request<GetRoomEventsRequest>,
) -> Result<GetRoomEventsResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}

pub(super) async fn sync(
    _app: &App,
    _request: Request<SyncRequest>,
) -> Result<SyncResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}

pub(super) async fn get_heads(
    _app: &App,
    _request: Request<GetHeadsRequest>,
) -> Result<GetHeadsResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}

pub(super) async fn get_room_log(
    _app: &App,
    _request: Request<GetRoomLogRequest>,
) -> Result<GetRoomLogResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}

pub(super) async fn get_user_log(
    _app: &App,
    _request: Request<GetUserLogRequest>,
) -> Result<GetUserLogResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}
