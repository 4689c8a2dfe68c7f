//! The gRPC service: one delegating line per call. The modules below read the wire's messages, ask the use case and write the answer.

mod attach;
pub(crate) mod convert;
mod decode;
mod presences;
mod siblings;

use std::pin::Pin;

use futures::Stream;
use kith_api::presence::v1::{self as wire, presence_service_server::PresenceService};
use kith_auth::{Caller, RequestExt as _};
use kith_ids::UserId;
use tonic::{Request, Response, Status, Streaming};

use crate::app::App;

type Answer<T> = Result<Response<T>, Status>;
type NewsStream = Pin<Box<dyn Stream<Item = Result<wire::AttachResponse, Status>> + Send>>;

/// Presence over gRPC.
#[derive(Debug, Clone)]
pub(crate) struct Presence {
    app: App,
}

impl Presence {
    pub(crate) const fn new(app: App) -> Self {
        Self { app }
    }
}

/// Joins the caller's trace and gives the caller and the message.
fn open<T>(request: Request<T>) -> Result<(Caller, T), Status> {
    kith_telemetry::set_parent_from_metadata(&tracing::Span::current(), request.metadata());
    let caller = request.caller()?.clone();
    Ok((caller, request.into_inner()))
}

/// The same for calls that act for a user.
fn open_for_user<T>(request: Request<T>) -> Result<(UserId, T), Status> {
    let (caller, message) = open(request)?;
    Ok((caller.acting_user()?, message))
}

/// The same for calls that only Kith's own services make.
fn open_for_node<T>(request: Request<T>) -> Result<T, Status> {
    let (caller, message) = open(request)?;
    caller.require_node()?;
    Ok(message)
}

#[tonic::async_trait]
impl PresenceService for Presence {
    type AttachStream = NewsStream;

    async fn attach(
        &self,
        request: Request<Streaming<wire::AttachRequest>>,
    ) -> Answer<Self::AttachStream> {
        self.serve_gateway(request)
    }

    async fn get_presences(
        &self,
        request: Request<wire::GetPresencesRequest>,
    ) -> Answer<wire::GetPresencesResponse> {
        self.list_presences(request).await
    }

    async fn apply_visibility(
        &self,
        request: Request<wire::ApplyVisibilityRequest>,
    ) -> Answer<wire::ApplyVisibilityResponse> {
        self.take_visibility(request).await
    }
}
