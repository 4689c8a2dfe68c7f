//! The two streams of a gateway node.

use std::{pin::Pin, sync::Arc};

use futures::Stream;
use kith_api::chat::v1::{SendRequest, SendResponse, SubscribeRequest, SubscribeResponse};
use tonic::{Request, Status, Streaming};

use crate::{Error, app::App};

pub(super) type SendStream = Pin<Box<dyn Stream<Item = Result<SendResponse, Status>> + Send>>;
pub(super) type SubscribeStream =
    Pin<Box<dyn Stream<Item = Result<SubscribeResponse, Status>> + Send>>;

pub(super) fn send(
    _app: &Arc<App>,
    _request: Request<Streaming<SendRequest>>,
) -> Result<SendStream, Error> {
    Err(Status::unimplemented("not yet").into())
}

pub(super) fn subscribe(
    _app: &Arc<App>,
    _request: Request<Streaming<SubscribeRequest>>,
) -> Result<SubscribeStream, Error> {
    Err(Status::unimplemented("not yet").into())
}
