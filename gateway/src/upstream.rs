//! Calls to the services, as handlers make them: once, or for calls that may be repeated, twice.

use std::future::Future;

use kith_client::Upstream;
use tonic::{Response, Status};

use crate::error::Problem;

/// Makes a call whose repetition could do something twice.
pub(crate) async fn once<T>(
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, Problem> {
    match call.await {
        Ok(response) => Ok(response.into_inner()),
        Err(status) => Err(Problem::from(&status)),
    }
}

/// Makes a call to this service that may be repeated; when the service is unavailable, a second time.
pub(crate) async fn repeatable<T, F>(
    service: &Upstream,
    call: impl FnMut() -> F,
) -> Result<T, Problem>
where
    F: Future<Output = Result<Response<T>, Status>>,
{
    once(service.repeat(call)).await
}
