//! A channel on which a lost connection is what it is: the service cannot be reached, which heals. The transport's own errors would read as faults
//! of ours, and would not be repeated.

use std::{
    error::Error,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use tonic::{Code, Status, TimeoutExpired, body::Body, transport::Channel};
use tower::Service;

use crate::doubt::Doubts;

/// A channel that tells of lost connections. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Wire {
    channel: Channel,
    doubts: Doubts,
}

impl Wire {
    pub(crate) const fn new(channel: Channel, doubts: Doubts) -> Self {
        Self { channel, doubts }
    }
}

impl Service<Request<Body>> for Wire {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Status>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        let doubts = &self.doubts;
        self.channel
            .poll_ready(cx)
            .map_err(|error| judge(error, doubts))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let doubts = self.doubts.clone();
        let call = self.channel.call(request);
        Box::pin(async move { call.await.map_err(|error| judge(error, &doubts)) })
    }
}

/// What a call that got no answer means to its caller.
fn judge(error: tonic::transport::Error, doubts: &Doubts) -> Status {
    let is_late = is_late(&error);
    let status = Status::from_error(error.into());
    // `Unknown` and `Cancelled`: the connection broke while the call was under way.
    let is_lost = matches!(
        status.code(),
        Code::Unavailable | Code::Unknown | Code::Cancelled
    );
    if is_late || !is_lost {
        return status;
    }
    doubts.raise();
    Status::unavailable("the service cannot be reached")
}

/// Whether the call's own time ran out.
fn is_late(error: &(dyn Error + 'static)) -> bool {
    error.is::<TimeoutExpired>() || error.source().is_some_and(is_late)
}
