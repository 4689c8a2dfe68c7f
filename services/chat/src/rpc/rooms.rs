//! Rooms: opening, reading, renaming, and how one keeps them.

use kith_api::chat::v1::{
    CreateDirectChatRoomRequest, CreateDirectChatRoomResponse, CreateGroupChatRoomRequest,
    CreateGroupChatRoomResponse, GetChatRoomRequest, GetChatRoomResponse, GetUserChatRoomsRequest,
    GetUserChatRoomsResponse, UpdateChatRoomRequest, UpdateChatRoomResponse,
    UpdateRoomSettingsRequest, UpdateRoomSettingsResponse,
    update_room_settings_request::Mute as WireMute,
};
use kith_api::common::v1::PageResponse;
use kith_error::Violation;
use tonic::Request;

use super::convert::{acting_user, id, ids};
use crate::{
    Error,
    app::{
        App, create_direct_chat_room, create_group_chat_room, get_chat_room, get_user_chat_rooms,
        update_chat_room, update_room_settings,
    },
    domain::{client_id::ClientId, room::check_name},
    store::user_rooms::{Mute, Settings},
    wire::{room::room, time},
};

pub(super) async fn create_direct_chat_room(
    app: &App,
    request: Request<CreateDirectChatRoomRequest>,
) -> Result<CreateDirectChatRoomResponse, Error> {
    let caller = acting_user(&request)?;
    let other = id("user_id", &request.get_ref().user_id)?;
    let opened = create_direct_chat_room::create_direct_chat_room(app, caller, other).await?;
    Ok(CreateDirectChatRoomResponse {
        room: Some(room(&opened.room)),
        created: opened.created,
    })
}

pub(super) async fn create_group_chat_room(
    app: &App,
    request: Request<CreateGroupChatRoomRequest>,
) -> Result<CreateGroupChatRoomResponse, Error> {
    let caller = acting_user(&request)?;
    let group = new_group(request.into_inner())?;
    let opened = create_group_chat_room::create_group_chat_room(app, caller, group).await?;
    Ok(CreateGroupChatRoomResponse {
        room: Some(room(&opened.room)),
        created: opened.created,
    })
}

/// Every bad field at once.
fn new_group(
    request: CreateGroupChatRoomRequest,
) -> Result<create_group_chat_room::NewGroup, Error> {
    let mut violations: Vec<Violation> = check_name(&request.name).into_iter().collect();
    let client_id = request
        .client_id
        .map(|text| ClientId::parse("client_id", text))
        .transpose()
        .map_err(|violation| violations.push(violation))
        .unwrap_or_default();
    let participant_ids = match ids("participant_ids", &request.participant_ids) {
        Ok(ids) => ids,
        Err(Error::Invalid(bad)) => {
            violations.extend(bad);
            Vec::new()
        }
        Err(error) => return Err(error),
    };
    if !violations.is_empty() {
        return Err(Error::Invalid(violations));
    }
    Ok(create_group_chat_room::NewGroup {
        name: request.name,
        participant_ids,
        client_id,
    })
}

pub(super) async fn get_user_chat_rooms(
    app: &App,
    request: Request<GetUserChatRoomsRequest>,
) -> Result<GetUserChatRoomsResponse, Error> {
    let caller = acting_user(&request)?;
    let request = request.into_inner();
    let page = request.page.unwrap_or_default();
    let query = get_user_chat_rooms::Query {
        archived: request.archived,
        text: request.query,
        page_size: page.page_size,
        page_token: page.page_token,
    };
    let page = get_user_chat_rooms::get_user_chat_rooms(app, caller, query).await?;
    Ok(GetUserChatRoomsResponse {
        rooms: page.rooms.iter().map(room).collect(),
        page: Some(PageResponse {
            next_page_token: page.next.unwrap_or_default(),
        }),
    })
}

pub(super) async fn get_chat_room(
    app: &App,
    request: Request<GetChatRoomRequest>,
) -> Result<GetChatRoomResponse, Error> {
    let caller = acting_user(&request)?;
    let id = id("room_id", &request.get_ref().room_id)?;
    let view = get_chat_room::get_chat_room(app, caller, id).await?;
    Ok(GetChatRoomResponse {
        room: Some(room(&view)),
    })
}

pub(super) async fn update_chat_room(
    app: &App,
    request: Request<UpdateChatRoomRequest>,
) -> Result<UpdateChatRoomResponse, Error> {
    let caller = acting_user(&request)?;
    let request = request.into_inner();
    let id = id("room_id", &request.room_id)?;
    if let Some(violation) = request.name.as_deref().and_then(check_name) {
        return Err(Error::Invalid(vec![violation]));
    }
    let view = update_chat_room::update_chat_room(app, caller, id, request.name).await?;
    Ok(UpdateChatRoomResponse {
        room: Some(room(&view)),
    })
}

pub(super) async fn update_room_settings(
    app: &App,
    request: Request<UpdateRoomSettingsRequest>,
) -> Result<UpdateRoomSettingsResponse, Error> {
    let caller = acting_user(&request)?;
    let request = request.into_inner();
    let id = id("room_id", &request.room_id)?;
    let settings = Settings {
        mute: request.mute.as_ref().map(mute).transpose()?,
        pinned: request.pinned,
        archived: request.archived,
    };
    let view = update_room_settings::update_room_settings(app, caller, id, settings).await?;
    Ok(UpdateRoomSettingsResponse {
        room: Some(room(&view)),
    })
}

/// Until when, or not any more.
fn mute(wire: &WireMute) -> Result<Mute, Error> {
    let Some(until) = &wire.until else {
        return Ok(Mute::Off);
    };
    time(until)
        .filter(|until| (0..=MAX_SECONDS).contains(&until.timestamp()))
        .map(Mute::Until)
        .ok_or_else(|| Error::invalid_field("muted_until", "invalid", "this is no time of our era"))
}

/// The end of the year 9999: the last time that RFC 3339 can say.
const MAX_SECONDS: i64 = 253_402_300_799;
