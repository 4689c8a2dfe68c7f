//! Messages: sending and paging.

use kith_api::chat::v1::{
    GetRoomMessagesRequest, GetRoomMessagesResponse, SendMessageRequest, SendMessageResponse,
};
use tonic::{Request, Status};

use crate::{Error, app::App};

pub(super) async fn send_message(
    _app: &App,
    _request: Request<SendMessageRequest>,
) -> Result<SendMessageResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}

pub(super) async fn get_room_messages(
    _app: &App,
    _request: Request<GetRoomMessagesRequest>,
) -> Result<GetRoomMessagesResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}
