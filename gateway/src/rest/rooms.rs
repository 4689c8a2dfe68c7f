//! Rooms: list, open, look at, rename, and how the caller keeps them.

use axum::{Json as Answer, extract::State};
use chrono::{DateTime, Utc};
use http::StatusCode;
use kith_api::{
    chat::v1::{
        CreateDirectChatRoomRequest, CreateGroupChatRoomRequest, GetChatRoomRequest,
        GetRoomEventsRequest, GetUserChatRoomsRequest, UpdateChatRoomRequest,
        UpdateRoomSettingsRequest, update_room_settings_request::Mute,
    },
    common::v1::PageRequest,
};
use kith_ids::{RoomId, UserId};
use prost_types::Timestamp;
use utoipa::ToSchema;

use super::{created, filled};
use crate::{
    error::Problem,
    extract::{Caller, Id, Json, Nothing, Query},
    read::{Change, Fields, Read},
    state::{AppState, Gateway},
    upstream::{once, repeatable},
    wire::{List, Room, RoomEvents, list::next_cursor},
};

/// More people than any installation lets into a group; how many it lets in, chat says.
const PEOPLE: usize = 10_000;
/// Events of a page when the client does not say, and at most.
const EVENTS: u32 = 100;
const EVENTS_MAX: u64 = 1_000;

/// Opens a room.
#[derive(ToSchema)]
#[schema(as = ChatRoomCreate)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum CreateRoom {
    /// The one room of two people.
    Direct {
        /// The other one.
        #[schema(format = Uuid)]
        user_id: String,
    },
    /// A group owned by the caller.
    Group {
        #[schema(min_length = 1, max_length = 80)]
        name: String,
        /// The others.
        participant_ids: Vec<String>,
        /// Makes a repeat safe; printable ASCII.
        #[schema(min_length = 1, max_length = 64)]
        client_id: Option<String>,
    },
}

/// Renames a group.
#[derive(ToSchema)]
#[schema(as = ChatRoomUpdate)]
pub(crate) struct UpdateRoom {
    #[schema(min_length = 1, max_length = 80)]
    name: Option<String>,
}

/// Changes how the caller keeps the room; what is left out stays.
#[derive(ToSchema)]
#[schema(as = ChatRoomSettingsUpdate)]
pub(crate) struct UpdateSettings {
    /// `null`: not muted any more.
    #[schema(value_type = Option<String>, format = DateTime)]
    muted_until: Change<DateTime<Utc>>,
    pinned: Option<bool>,
    archived: Option<bool>,
}

/// Which rooms.
pub(crate) struct RoomsQuery {
    archived: bool,
    q: String,
    page: PageRequest,
}

/// Which stretch of a room's log.
pub(crate) struct EventsQuery {
    after: u64,
    limit: u32,
}

impl Read for CreateRoom {
    // Room for more ids than are taken, so that whoever sends too many is told that.
    const BODY_BYTES: usize = 512 * 1024;

    fn read(fields: &mut Fields) -> Self {
        match fields.word("kind", &[("direct", true), ("group", false)]) {
            Some(true) => Self::Direct {
                user_id: fields.id::<UserId>("user_id"),
            },
            Some(false) => {
                fields.no_media("avatar_media_id");
                Self::Group {
                    name: fields.ruled("name", kith_text::group_name),
                    participant_ids: fields.ids::<UserId>("participant_ids", PEOPLE),
                    client_id: fields.optional_ruled("client_id", kith_text::client_id),
                }
            }
            None => {
                // Without a kind nobody can say which fields it should have.
                fields.take_all();
                Self::Direct {
                    user_id: String::new(),
                }
            }
        }
    }
}

impl Read for UpdateRoom {
    fn read(fields: &mut Fields) -> Self {
        fields.no_media("avatar_media_id");
        Self {
            name: fields.optional_ruled("name", kith_text::group_name),
        }
    }
}

impl Read for UpdateSettings {
    fn read(fields: &mut Fields) -> Self {
        Self {
            muted_until: fields.change_time("muted_until"),
            pinned: fields.optional_bool("pinned"),
            archived: fields.optional_bool("archived"),
        }
    }
}

impl Read for RoomsQuery {
    fn read(fields: &mut Fields) -> Self {
        Self {
            archived: fields.optional_bool("archived").unwrap_or(false),
            q: fields.optional_text("q", 0..=64).unwrap_or_default(),
            page: fields.page(),
        }
    }
}

impl Read for EventsQuery {
    fn read(fields: &mut Fields) -> Self {
        Self {
            after: fields.optional_seq("after").unwrap_or(0),
            limit: fields.limit(EVENTS, EVENTS_MAX),
        }
    }
}

/// The caller's rooms, newest activity first.
#[utoipa::path(
    get, path = "/api/v1/chat/rooms/", tag = "chat",
    params(
        ("archived" = Option<bool>, Query, description = "True: only the archived ones; else only the others."),
        ("q" = Option<String>, Query, description = "Part of the name, or of the other person's names.", max_length = 64),
        ("limit" = Option<u32>, Query, minimum = 1), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = List<Room>)),
)]
pub(crate) async fn list_rooms(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<RoomsQuery>,
) -> Result<Answer<List<Room>>, Problem> {
    let call = GetUserChatRoomsRequest {
        page: Some(query.page),
        archived: query.archived,
        query: query.q,
    };
    let answer = repeatable(&state.chat, || async {
        let mut chat = state.chat.chat(&caller.context);
        chat.get_user_chat_rooms(call.clone()).await
    })
    .await?;
    let rooms = answer.rooms.into_iter();
    Ok(Answer(List {
        items: rooms
            .map(|room| Room::for_viewer(room, &caller.user))
            .collect(),
        next_cursor: next_cursor(answer.page),
    }))
}

/// Opens the direct room with somebody, or makes a group. The same again gives what is there.
#[utoipa::path(
    post, path = "/api/v1/chat/rooms/", tag = "chat", request_body = CreateRoom,
    responses(
        (status = 201, body = Room),
        (status = 200, body = Room, description = "It was there already."),
    ),
)]
pub(crate) async fn create_room(
    State(state): State<AppState>,
    caller: Caller,
    Json(body): Json<CreateRoom>,
) -> Result<(StatusCode, Answer<Room>), Problem> {
    let (room, is_new) = match body {
        CreateRoom::Direct { user_id } => open_direct(&state, &caller, user_id).await?,
        CreateRoom::Group {
            name,
            participant_ids,
            client_id,
        } => {
            let call = CreateGroupChatRoomRequest {
                name,
                participant_ids,
                client_id,
            };
            let mut chat = state.chat.chat(&caller.context);
            let answer = once(chat.create_group_chat_room(call)).await?;
            (answer.room, answer.created)
        }
    };
    let room = Room::for_viewer(filled(room)?, &caller.user);
    Ok((created(is_new), Answer(room)))
}

/// One room.
#[utoipa::path(
    get, path = "/api/v1/chat/rooms/{room_id}", tag = "chat",
    params(("room_id" = String, Path, format = Uuid)),
    responses((status = 200, body = Room)),
)]
pub(crate) async fn get_room(
    State(state): State<AppState>,
    caller: Caller,
    Id(room): Id<RoomId>,
    _: Nothing,
) -> Result<Answer<Room>, Problem> {
    let answer = repeatable(&state.chat, || async {
        let room_id = room.to_string();
        let mut chat = state.chat.chat(&caller.context);
        chat.get_chat_room(GetChatRoomRequest { room_id }).await
    })
    .await?;
    Ok(Answer(Room::for_viewer(filled(answer.room)?, &caller.user)))
}

/// Renames a group.
#[utoipa::path(
    patch, path = "/api/v1/chat/rooms/{room_id}", tag = "chat", request_body = UpdateRoom,
    params(("room_id" = String, Path, format = Uuid)),
    responses((status = 200, body = Room)),
)]
pub(crate) async fn update_room(
    State(state): State<AppState>,
    caller: Caller,
    Id(room): Id<RoomId>,
    Json(body): Json<UpdateRoom>,
) -> Result<Answer<Room>, Problem> {
    let call = UpdateChatRoomRequest {
        room_id: room.to_string(),
        name: body.name,
    };
    let answer = once(state.chat.chat(&caller.context).update_chat_room(call)).await?;
    Ok(Answer(Room::for_viewer(filled(answer.room)?, &caller.user)))
}

/// Mutes, pins or archives a room for the caller.
#[utoipa::path(
    patch, path = "/api/v1/chat/rooms/{room_id}/me", tag = "chat", request_body = UpdateSettings,
    params(("room_id" = String, Path, format = Uuid)),
    responses((status = 200, body = Room)),
)]
pub(crate) async fn update_settings(
    State(state): State<AppState>,
    caller: Caller,
    Id(room): Id<RoomId>,
    Json(body): Json<UpdateSettings>,
) -> Result<Answer<Room>, Problem> {
    let call = UpdateRoomSettingsRequest {
        room_id: room.to_string(),
        mute: match body.muted_until {
            Change::Keep => None,
            Change::Clear => Some(Mute { until: None }),
            Change::Set(until) => Some(Mute {
                until: Some(timestamp(until)),
            }),
        },
        pinned: body.pinned,
        archived: body.archived,
    };
    let answer = repeatable(&state.chat, || async {
        let mut chat = state.chat.chat(&caller.context);
        chat.update_room_settings(call.clone()).await
    })
    .await?;
    Ok(Answer(Room::for_viewer(filled(answer.room)?, &caller.user)))
}

/// A stretch of the room's log, within the caller's stay.
#[utoipa::path(
    get, path = "/api/v1/chat/rooms/{room_id}/events", tag = "chat",
    params(
        ("room_id" = String, Path, format = Uuid),
        ("after" = Option<u64>, Query, description = "Events with a larger seq."),
        ("limit" = Option<u32>, Query, minimum = 1, description = "100 when absent, at most 1000."),
    ),
    responses((status = 200, body = RoomEvents)),
)]
pub(crate) async fn list_events(
    State(state): State<AppState>,
    caller: Caller,
    Id(room): Id<RoomId>,
    Query(query): Query<EventsQuery>,
) -> Result<Answer<RoomEvents>, Problem> {
    let call = GetRoomEventsRequest {
        room_id: room.to_string(),
        after_seq: query.after,
        limit: query.limit,
    };
    let answer = repeatable(&state.chat, || async {
        let mut chat = state.chat.chat(&caller.context);
        chat.get_room_events(call.clone()).await
    })
    .await?;
    Ok(Answer(RoomEvents::for_viewer(answer, &caller.user)))
}

async fn open_direct(
    state: &Gateway,
    caller: &Caller,
    user_id: String,
) -> Result<(Option<kith_api::chat::v1::Room>, bool), Problem> {
    let call = CreateDirectChatRoomRequest { user_id };
    let mut chat = state.chat.chat(&caller.context);
    let answer = once(chat.create_direct_chat_room(call)).await?;
    Ok((answer.room, answer.created))
}

/// A time as the protos have it.
pub(super) fn timestamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: time.timestamp(),
        // Below 2e9 even in a leap second.
        nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or(0),
    }
}
