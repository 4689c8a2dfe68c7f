//! Who is in a room: list, add, set a role, remove or leave.

use axum::{Json as Answer, extract::State};
use http::StatusCode;
use kith_api::chat::v1::{
    AddParticipantsRequest, GetParticipantsRequest, RemoveParticipantRequest, Role,
    UpdateParticipantRoleRequest,
};
use kith_ids::{RoomId, UserId};
use utoipa::ToSchema;

use super::{filled, friends::PageQuery};
use crate::{
    error::Problem,
    extract::{Caller, Id, Ids, Json, Nothing, Query},
    read::{Fields, Read},
    state::AppState,
    upstream::{once, repeatable},
    wire::{List, Participant, room},
};

/// More people than any installation lets into a group; how many it lets in, chat says.
const PEOPLE: usize = 10_000;

/// Adds people to a group.
#[derive(ToSchema)]
#[schema(as = ParticipantsAdd)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddParticipants {
    #[schema(min_items = 1)]
    user_ids: Vec<String>,
}

/// Sets a participant's role.
#[derive(ToSchema)]
#[schema(as = ParticipantUpdate)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateParticipant {
    #[schema(value_type = room::Role)]
    role: Option<Role>,
}

impl Read for AddParticipants {
    // Room for more ids than are taken, so that whoever sends too many is told that.
    const BODY_BYTES: usize = 512 * 1024;

    fn read(fields: &mut Fields) -> Self {
        Self {
            user_ids: fields.ids::<UserId>("user_ids", PEOPLE),
        }
    }
}

impl Read for UpdateParticipant {
    fn read(fields: &mut Fields) -> Self {
        Self {
            role: fields.word(
                "role",
                &[
                    ("owner", Role::Owner),
                    ("admin", Role::Admin),
                    ("member", Role::Member),
                ],
            ),
        }
    }
}

/// Who is in the room, by time of joining.
#[utoipa::path(
    get, path = "/api/v1/chat/rooms/{room_id}/participants", tag = "chat",
    params(
        ("room_id" = String, Path, format = Uuid),
        ("limit" = Option<u32>, Query, minimum = 1), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = List<Participant>)),
)]
pub(crate) async fn list_participants(
    State(state): State<AppState>,
    caller: Caller,
    Id(room): Id<RoomId>,
    Query(PageQuery(page)): Query<PageQuery>,
) -> Result<Answer<List<Participant>>, Problem> {
    let call = GetParticipantsRequest {
        room_id: room.to_string(),
        page: Some(page),
    };
    let answer = repeatable(&state.chat, || async {
        let mut chat = state.chat.chat(&caller.context);
        chat.get_participants(call.clone()).await
    })
    .await?;
    Ok(Answer(List::page(answer.participants, answer.page)))
}

/// Adds people to a group; answers those who were added.
#[utoipa::path(
    post, path = "/api/v1/chat/rooms/{room_id}/participants", tag = "chat", request_body = AddParticipants,
    params(("room_id" = String, Path, format = Uuid)),
    responses((status = 200, body = List<Participant>)),
)]
pub(crate) async fn add_participants(
    State(state): State<AppState>,
    caller: Caller,
    Id(room): Id<RoomId>,
    Json(body): Json<AddParticipants>,
) -> Result<Answer<List<Participant>>, Problem> {
    let call = AddParticipantsRequest {
        room_id: room.to_string(),
        user_ids: body.user_ids,
    };
    let answer = once(state.chat.chat(&caller.context).add_participants(call)).await?;
    Ok(Answer(List::whole(answer.participants)))
}

/// Sets a participant's role.
#[utoipa::path(
    patch, path = "/api/v1/chat/rooms/{room_id}/participants/{user_id}", tag = "chat",
    request_body = UpdateParticipant,
    params(("room_id" = String, Path, format = Uuid), ("user_id" = String, Path, format = Uuid)),
    responses((status = 200, body = Participant)),
)]
pub(crate) async fn update_participant(
    State(state): State<AppState>,
    caller: Caller,
    Ids(room, user): Ids<RoomId, UserId>,
    Json(body): Json<UpdateParticipant>,
) -> Result<Answer<Participant>, Problem> {
    let call = UpdateParticipantRoleRequest {
        room_id: room.to_string(),
        user_id: user.to_string(),
        role: body.role.unwrap_or_default().into(),
    };
    let mut chat = state.chat.chat(&caller.context);
    let answer = once(chat.update_participant_role(call)).await?;
    Ok(Answer(filled(answer.participant)?.into()))
}

/// Removes somebody from a group; oneself: leaves it.
#[utoipa::path(
    delete, path = "/api/v1/chat/rooms/{room_id}/participants/{user_id}", tag = "chat",
    params(("room_id" = String, Path, format = Uuid), ("user_id" = String, Path, format = Uuid)),
    responses((status = 204, description = "They are not in the room.")),
)]
pub(crate) async fn remove_participant(
    State(state): State<AppState>,
    caller: Caller,
    Ids(room, user): Ids<RoomId, UserId>,
    _: Nothing,
) -> Result<StatusCode, Problem> {
    let call = RemoveParticipantRequest {
        room_id: room.to_string(),
        user_id: user.to_string(),
    };
    once(state.chat.chat(&caller.context).remove_participant(call)).await?;
    Ok(StatusCode::NO_CONTENT)
}
