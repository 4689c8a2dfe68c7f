//! Other backends on the internal port: `authorization: Bearer kith_sk_…` becomes a caller that the services know, if the key opens what is
//! called. A stream ends when its key is revoked.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use kith_auth::{Caller, Scope};
use kith_client::ServiceKeys;
use kith_error::{Failure, Reason};
use kith_ids::UserId;
use tonic::Status;

/// The metadata by which a backend acts for a person.
pub(crate) const ON_BEHALF_OF: &str = "kith-on-behalf-of";
const PREFIX: &str = "kith_sk_";

/// Vouches for callers with a service key; lets all others pass to the services, which ask for the caller context.
pub(super) async fn vouch(
    State(keys): State<ServiceKeys>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(key) = service_key(request.headers()).map(str::to_owned) else {
        return next.run(request).await;
    };
    let scope = Scope::of_path(request.uri().path());
    let on_behalf_of = on_behalf_of(request.headers());
    let revoked = Box::pin(keys.revoked(&key));
    match caller(&keys, &key, scope, on_behalf_of).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            let answer = next.run(request).await;
            answer.map(|body| {
                Body::new(WhileItHolds {
                    body,
                    revoked,
                    ended: false,
                })
            })
        }
        Err(failure) => Status::from(failure).into_http(),
    }
}

async fn caller(
    keys: &ServiceKeys,
    key: &str,
    scope: Scope,
    on_behalf_of: Result<Option<UserId>, Failure>,
) -> Result<Caller, Failure> {
    let key = keys.verify(key).await?;
    key.require(scope)?;
    Ok(Caller::Service {
        name: key.name,
        on_behalf_of: on_behalf_of?,
    })
}

/// The key that a call presents; the scheme's case does not matter.
fn service_key(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && key.starts_with(PREFIX)).then_some(key)
}

fn on_behalf_of(headers: &HeaderMap) -> Result<Option<UserId>, Failure> {
    let Some(value) = headers.get(ON_BEHALF_OF) else {
        return Ok(None);
    };
    let id = value.to_str().ok().and_then(|text| text.parse().ok());
    id.map(Some).ok_or_else(|| {
        Failure::new(
            Reason::InvalidRequest,
            "the metadata `kith-on-behalf-of` is no user id",
        )
    })
}

/// An answer that goes on only while its key holds.
struct WhileItHolds {
    body: Body,
    revoked: Pin<Box<dyn Future<Output = Failure> + Send>>,
    ended: bool,
}

impl HttpBody for WhileItHolds {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        // Looked at first: a stream that never pauses must end too.
        if let Poll::Ready(failure) = self.revoked.as_mut().poll(cx) {
            self.ended = true;
            let mut trailers = HeaderMap::new();
            // Fails only for a message that is no header, and ours are plain sentences.
            let _ = Status::from(failure).add_header(&mut trailers);
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
