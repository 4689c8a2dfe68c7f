//! The two streams of a gateway node.

mod commands;
mod send;
mod subscribe;

use std::{pin::Pin, sync::Arc};

use futures::Stream;
use kith_api::chat::v1::{SendRequest, SendResponse, SubscribeRequest, SubscribeResponse};
use tonic::{Request, Status, Streaming};

use super::convert;
use crate::{Error, app::App};

pub(super) type SendStream = Pin<Box<dyn Stream<Item = Result<SendResponse, Status>> + Send>>;
pub(super) type SubscribeStream =
    Pin<Box<dyn Stream<Item = Result<SubscribeResponse, Status>> + Send>>;

pub(super) fn send(
    app: &Arc<App>,
    request: Request<Streaming<SendRequest>>,
) -> Result<SendStream, Error> {
    convert::require_node(&request)?;
    Ok(send::serve(app, request.into_inner()))
}

pub(super) fn subscribe(
    app: &Arc<App>,
    request: Request<Streaming<SubscribeRequest>>,
) -> Result<SubscribeStream, Error> {
    convert::require_node(&request)?;
    Ok(subscribe::serve(app, request.into_inner()))
}
