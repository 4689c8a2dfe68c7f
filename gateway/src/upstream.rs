//! Calls to the services, as handlers make them: once, or for calls that may be repeated, twice.

use std::{future::Future, time::Duration};

use tonic::{Code, Response, Status};

use crate::error::Problem;

/// Before the second attempt, on average: long enough for a connection to be made anew.
const PAUSE: Duration = Duration::from_millis(100);

/// Makes a call whose repetition could do something twice.
pub(crate) async fn once<T>(
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, Problem> {
    match call.await {
        Ok(response) => Ok(response.into_inner()),
        Err(status) => Err(Problem::from(&status)),
    }
}

/// Makes a call that may be repeated; when the service is unavailable, a second time.
pub(crate) async fn repeatable<T, F>(mut call: impl FnMut() -> F) -> Result<T, Problem>
where
    F: Future<Output = Result<Response<T>, Status>>,
{
    match call().await {
        Ok(response) => Ok(response.into_inner()),
        Err(status) if status.code() == Code::Unavailable => {
            // Spread, so that the requests that failed together do not come back together.
            tokio::time::sleep(PAUSE.mul_f64(kith_clock::jitter(0.5))).await;
            once(call()).await
        }
        Err(status) => Err(Problem::from(&status)),
    }
}
