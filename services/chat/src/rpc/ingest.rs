//! What the sibling services tell chat.

use kith_api::chat::v1::{
    AppendUserEventsRequest, AppendUserEventsResponse, ApplyPairsRequest, ApplyPairsResponse,
    ApplyReadReceiptsRequest, ApplyReadReceiptsResponse, ApplyUsersRequest, ApplyUsersResponse,
};
use tonic::{Request, Status};

use crate::{Error, app::App};

pub(super) async fn append_user_events(
    _app: &App,
    _request: Request<AppendUserEventsRequest>,
) -> Result<AppendUserEventsResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}

pub(super) async fn apply_pairs(
    _app: &App,
    _request: Request<ApplyPairsRequest>,
) -> Result<ApplyPairsResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}

pub(super) async fn apply_users(
    _app: &App,
    _request: Request<ApplyUsersRequest>,
) -> Result<ApplyUsersResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}

pub(super) async fn apply_read_receipts(
    _app: &App,
    _request: Request<ApplyReadReceiptsRequest>,
) -> Result<ApplyReadReceiptsResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}
