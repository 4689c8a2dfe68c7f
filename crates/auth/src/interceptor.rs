//! Puts the caller into a service's request, and refuses calls without one.

use kith_error::{Failure, Reason};
use tonic::{Request, Status, service::Interceptor};

use crate::{Caller, CallerSigner};

/// The metadata key of the signed caller context.
pub const CALLER_METADATA: &str = "kith-caller";

/// Verifies the caller context of every call to a service and puts the [`Caller`] into the request's extensions.
#[derive(Debug, Clone)]
pub struct CallerInterceptor(CallerSigner);

impl CallerInterceptor {
    /// Verifies with this signer's key.
    pub const fn new(signer: CallerSigner) -> Self {
        Self(signer)
    }
}

impl Interceptor for CallerInterceptor {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        // A layer in front may have vouched for the caller already (service keys on the internal port).
        if request.extensions().get::<Caller>().is_some() {
            return Ok(request);
        }
        let caller = request
            .metadata()
            .get(CALLER_METADATA)
            .and_then(|value| value.to_str().ok())
            .ok_or_else(|| unauthenticated("the call carries no caller context"))
            .and_then(|text| {
                self.0
                    .verify(text)
                    .map_err(|error| unauthenticated(&error.to_string()))
            })?;
        request.extensions_mut().insert(caller);
        Ok(request)
    }
}

/// Reads the caller that the interceptor put there.
pub trait RequestExt {
    /// The caller; `unauthenticated` if the interceptor was not in front.
    fn caller(&self) -> Result<&Caller, Status>;
}

impl<T> RequestExt for Request<T> {
    fn caller(&self) -> Result<&Caller, Status> {
        self.extensions()
            .get::<Caller>()
            .ok_or_else(|| unauthenticated("the call carries no caller context"))
    }
}

fn unauthenticated(message: &str) -> Status {
    Failure::new(Reason::Unauthenticated, message).into()
}
