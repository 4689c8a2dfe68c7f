//! Rooms: opening, reading, renaming, and how one keeps them.

use kith_api::chat::v1::{
    CreateDirectChatRoomRequest, CreateDirectChatRoomResponse, CreateGroupChatRoomRequest,
    CreateGroupChatRoomResponse, GetChatRoomRequest, GetChatRoomResponse, GetUserChatRoomsRequest,
    GetUserChatRoomsResponse, UpdateChatRoomRequest, UpdateChatRoomResponse,
    UpdateRoomSettingsRequest, UpdateRoomSettingsResponse,
};
use tonic::{Request, Status};

use crate::{Error, app::App};

pub(super) async fn create_direct_chat_room(
    _app: &App,
    _request: Request<CreateDirectChatRoomRequest>,
) -> Result<CreateDirectChatRoomResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}

pub(super) async fn create_group_chat_room(
    _app: &App,
    _request: Request<CreateGroupChatRoomRequest>,
) -> Result<CreateGroupChatRoomResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}

pub(super) async fn get_user_chat_rooms(
    _app: &App,
    _request: Request<GetUserChatRoomsRequest>,
) -> Result<GetUserChatRoomsResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}

pub(super) async fn get_chat_room(
    _app: &App,
    _request: Request<GetChatRoomRequest>,
) -> Result<GetChatRoomResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}

pub(super) async fn update_chat_room(
    _app: &App,
    _request: Request<UpdateChatRoomRequest>,
) -> Result<UpdateChatRoomResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}

pub(super) async fn update_room_settings(
    _app: &App,
    _request: Request<UpdateRoomSettingsRequest>,
) -> Result<UpdateRoomSettingsResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}
