//! Who is in a room.

use kith_api::chat::v1::{
    AddParticipantsRequest, AddParticipantsResponse, GetParticipantsRequest,
    GetParticipantsResponse, RemoveParticipantRequest, RemoveParticipantResponse,
    UpdateParticipantRoleRequest, UpdateParticipantRoleResponse,
};
use tonic::{Request, Status};

use crate::{Error, app::App};

pub(super) async fn get_participants(
    _app: &App,
    _request: Request<GetParticipantsRequest>,
) -> Result<GetParticipantsResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}

pub(super) async fn add_participants(
    _app: &App,
    _request: Request<AddParticipantsRequest>,
) -> Result<AddParticipantsResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}

pub(super) async fn update_participant_role(
    _app: &App,
    _request: Request<UpdateParticipantRoleRequest>,
) -> Result<UpdateParticipantRoleResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}

pub(super) async fn remove_participant(
    _app: &App,
    _request: Request<RemoveParticipantRequest>,
) -> Result<RemoveParticipantResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}
