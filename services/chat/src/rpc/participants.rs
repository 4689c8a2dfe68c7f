//! Who is in a room.

use kith_api::chat::v1::{
    self, AddParticipantsRequest, AddParticipantsResponse, GetParticipantsRequest,
    GetParticipantsResponse, RemoveParticipantRequest, RemoveParticipantResponse,
    UpdateParticipantRoleRequest, UpdateParticipantRoleResponse,
};
use kith_api::common::v1::PageResponse;
use tonic::Request;

use super::convert::{acting_user, id, ids};
use crate::{
    Error,
    app::{App, add_participants, get_participants, remove_participant, update_participant_role},
    domain::{participant::Viewer, role::Role},
    wire::room::participant,
};

/// People in one call: more than any group has, so that whoever adds too many is told that the group is full.
const MAX_ADDED: usize = 10_000;

pub(super) async fn get_participants(
    app: &App,
    request: Request<GetParticipantsRequest>,
) -> Result<GetParticipantsResponse, Error> {
    let caller = acting_user(&request)?;
    let request = request.into_inner();
    let room = id("room_id", &request.room_id)?;
    let page = request.page.unwrap_or_default();
    let wanted = (page.page_size, page.page_token.as_str());
    let page = get_participants::get_participants(app, caller, room, wanted).await?;
    let viewer = Viewer::User(caller);
    Ok(GetParticipantsResponse {
        participants: page
            .participants
            .iter()
            .map(|of| participant(of, viewer))
            .collect(),
        page: Some(PageResponse {
            next_page_token: page.next.unwrap_or_default(),
        }),
    })
}

pub(super) async fn add_participants(
    app: &App,
    request: Request<AddParticipantsRequest>,
) -> Result<AddParticipantsResponse, Error> {
    let caller = acting_user(&request)?;
    let request = request.into_inner();
    let room = id("room_id", &request.room_id)?;
    if request.user_ids.is_empty() {
        return Err(Error::invalid_field(
            "user_ids",
            "required",
            "name somebody",
        ));
    }
    if request.user_ids.len() > MAX_ADDED {
        return Err(Error::invalid_field(
            "user_ids",
            "too_long",
            "at most 10,000 people",
        ));
    }
    let listed = ids("user_ids", &request.user_ids)?;
    let added = add_participants::add_participants(app, caller, room, &listed).await?;
    let viewer = Viewer::User(caller);
    Ok(AddParticipantsResponse {
        participants: added.iter().map(|of| participant(of, viewer)).collect(),
    })
}

pub(super) async fn update_participant_role(
    app: &App,
    request: Request<UpdateParticipantRoleRequest>,
) -> Result<UpdateParticipantRoleResponse, Error> {
    let caller = acting_user(&request)?;
    let request = request.into_inner();
    let room = id("room_id", &request.room_id)?;
    let target = id("user_id", &request.user_id)?;
    let change = (target, role(request.role)?);
    let changed =
        update_participant_role::update_participant_role(app, caller, room, change).await?;
    Ok(UpdateParticipantRoleResponse {
        participant: Some(participant(&changed, Viewer::User(caller))),
    })
}

/// A role of a request; what we do not know is refused.
fn role(value: i32) -> Result<Role, Error> {
    match v1::Role::try_from(value) {
        Ok(v1::Role::Owner) => Ok(Role::Owner),
        Ok(v1::Role::Admin) => Ok(Role::Admin),
        Ok(v1::Role::Member) => Ok(Role::Member),
        Ok(v1::Role::Unspecified) | Err(_) => Err(Error::invalid_field(
            "role",
            "invalid",
            "one of owner, admin, member",
        )),
    }
}

pub(super) async fn remove_participant(
    app: &App,
    request: Request<RemoveParticipantRequest>,
) -> Result<RemoveParticipantResponse, Error> {
    let caller = acting_user(&request)?;
    let request = request.into_inner();
    let room = id("room_id", &request.room_id)?;
    let target = id("user_id", &request.user_id)?;
    remove_participant::remove_participant(app, caller, room, target).await?;
    Ok(RemoveParticipantResponse {})
}
