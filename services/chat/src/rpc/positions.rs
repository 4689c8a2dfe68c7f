//! Read and delivered positions.

use kith_api::chat::v1::{
    GetMessageReceiptsRequest, GetMessageReceiptsResponse, MarkMessageAsReadRequest,
    MarkMessageAsReadResponse,
};
use tonic::{Request, Status};

use crate::{Error, app::App};

pub(super) async fn mark_message_as_read(
    _app: &App,
    _request: Request<MarkMessageAsReadRequest>,
) -> Result<MarkMessageAsReadResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}

pub(super) async fn get_message_receipts(
    _app: &App,
    _request: Request<GetMessageReceiptsRequest>,
) -> Result<GetMessageReceiptsResponse, Error> {
    Err(Status::unimplemented("not yet").into())
}
