//! What surrounds every call into a service, outermost first:
//!
//! 1. trace: the call becomes a span, a child of the caller's, so that a message is one trace from socket to query;
//! 2. metrics: how many, how long, how they ended, by method;
//! 3. limit: what is above the calls that one server works on at once, over all connections, is refused at once, and what only reads sooner;
//! 4. deadline: what comes too late is not begun, what gets late is stopped, and what the call asks of others gets no more time than it has itself;
//! 5. panic: a bug in one call is that call's `internal`, and neither its connection's nor its process's end.
//!
//! The latest deadline and the limit of one connection are the server's own (`serve.rs`); who calls is judged inside the
//! service, which alone knows its exceptions (`kith_auth::CallerInterceptor`).

use std::{
    any::Any,
    convert::Infallible,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures::FutureExt as _;
use http::{Request, Response};
use kith_error::{Failure, Reason};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{Code, Status, body::Body, metadata::MetadataMap, service::Routes};
use tower::Service;
use tracing::Instrument as _;

use crate::deadline;

/// A caller with less time than this has gone before anything could be answered.
const TOO_LATE: Duration = Duration::from_millis(1);

/// When a call that was refused for the limit may come again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Routes with the layers around them.
#[derive(Debug, Clone)]
pub(crate) struct Observed {
    routes: Routes,
    /// Places for calls in work; clones share them.
    places: Arc<Semaphore>,
    /// How many of them pages of history, lists and searches may have, so that sends, resumes and tokens find one.
    reading: Arc<Semaphore>,
}

/// Places of a call; free again when it is dropped.
struct Places {
    _place: OwnedSemaphorePermit,
    _reading: Option<OwnedSemaphorePermit>,
}

impl Observed {
    /// Works on at most so many calls at once, and so many that only read. Streams count until they are open.
    pub(crate) fn new(routes: Routes, calls: usize, reading: usize) -> Self {
        Self {
            routes,
            places: Arc::new(Semaphore::new(calls)),
            reading: Arc::new(Semaphore::new(reading)),
        }
    }

    /// None: there are too many calls.
    fn places_for(&self, method: &str) -> Option<Places> {
        let take = |places: &Arc<Semaphore>| Arc::clone(places).try_acquire_owned().ok();
        let reading = if only_reads(method) {
            Some(take(&self.reading)?)
        } else {
            None
        };
        Some(Places {
            _place: take(&self.places)?,
            _reading: reading,
        })
    }
}

impl Service<Request<Body>> for Observed {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<Body>>::poll_ready(&mut self.routes, cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let method = request.uri().path().to_owned();
        let span = tracing::info_span!("rpc", rpc.method = %method, otel.kind = "server");
        kith_telemetry::set_parent_from_metadata(&span, &trace_headers(&request));
        let started = Instant::now();
        let timeout = deadline::timeout_of(request.headers());
        if timeout.is_some_and(|timeout| timeout < TOO_LATE) {
            return Box::pin(std::future::ready(Ok(too_late())));
        }
        let Some(places) = self.places_for(&method) else {
            metrics::counter!("kith_rpc_shed_total").increment(1);
            let failure = Failure::unavailable(RETRY_AFTER);
            return Box::pin(std::future::ready(Ok(Status::from(failure).into_http())));
        };
        let answer = AssertUnwindSafe(self.routes.call(request)).catch_unwind();
        let observed = async move {
            let _places = places;
            let answer = deadline::within(timeout, answer);
            let answered = match timeout {
                Some(timeout) => tokio::time::timeout(timeout, answer).await.ok(),
                None => Some(answer.await),
            };
            let response = match answered {
                Some(Ok(Ok(response))) => response,
                Some(Err(panic)) => of_panic(panic.as_ref()),
                None => too_late(),
            };
            record(&method, &response, started);
            Ok(response)
        };
        Box::pin(observed.instrument(span))
    }
}

/// By its verb: what it would have told can be asked for again. What gateways deliver by is no such call, whatever its name.
fn only_reads(method: &str) -> bool {
    let mut parts = method.rsplit('/');
    let (verb, service) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let reads = ["Get", "List", "Search"];
    reads.iter().any(|start| verb.starts_with(start)) && !service.ends_with("DeliveryService")
}

fn too_late() -> Response<Body> {
    let failure = Failure::new(Reason::Timeout, "the answer took too long; try again");
    Status::from(failure.with_retry_after(Duration::from_secs(1))).into_http()
}

/// Only the headers that a trace needs; the rest are not copied for it.
fn trace_headers<B>(request: &Request<B>) -> MetadataMap {
    let mut headers = http::HeaderMap::with_capacity(2);
    for name in ["traceparent", "tracestate"] {
        if let Some(value) = request.headers().get(name) {
            headers.insert(name, value.clone());
        }
    }
    MetadataMap::from_headers(headers)
}

fn of_panic(panic: &(dyn Any + Send)) -> Response<Body> {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)");
    tracing::error!(panic = message, "a call panicked");
    metrics::counter!("kith_rpc_panics_total").increment(1);
    Status::internal("something went wrong on our side").into_http()
}

/// The status of a call that failed at once is in its headers; one that ends in its trailers counts as begun well.
fn record(method: &str, response: &Response<Body>, started: Instant) {
    let code = Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code());
    // A method that no service has is the caller's invention, and must not become a label.
    let method = if code == Code::Unimplemented {
        "(unknown)"
    } else {
        method
    };
    metrics::histogram!("kith_rpc_duration_seconds", "method" => method.to_owned())
        .record(started.elapsed().as_secs_f64());
    metrics::counter!("kith_rpc_total", "method" => method.to_owned(), "code" => format!("{code:?}"))
        .increment(1);
}

#[cfg(test)]
mod tests {
    use tonic::server::NamedService;
    use tower::ServiceExt as _;

    use super::*;

    /// Panics when asked to, else answers.
    #[derive(Clone)]
    struct Moody;

    impl NamedService for Moody {
        const NAME: &'static str = "test.Moody";
    }

    impl Service<Request<Body>> for Moody {
        type Response = Response<Body>;
        type Error = Infallible;
        type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<Body>) -> Self::Future {
            Box::pin(async move {
                assert!(!request.uri().path().ends_with("/Panic"), "as asked");
                if request.uri().path().ends_with("Hang") {
                    std::future::pending::<()>().await;
                }
                if request.uri().path().ends_with("Look") {
                    let left = deadline::time_left().unwrap();
                    assert!(left <= Duration::from_secs(5), "what its caller waits");
                }
                Ok(Response::new(Body::empty()))
            })
        }
    }

    async fn call(method: &str) -> Code {
        call_within(method, "5S").await
    }

    async fn call_within(method: &str, timeout: &str) -> Code {
        let request = Request::post(format!("/test.Moody/{method}"))
            .header("grpc-timeout", timeout)
            .body(Body::empty())
            .unwrap();
        let answer = Observed::new(Routes::new(Moody), 1, 1)
            .oneshot(request)
            .await;
        let response = answer.unwrap_or_else(|never| match never {});
        Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code())
    }

    #[tokio::test]
    async fn a_panic_is_the_end_of_its_own_call_only() {
        assert_eq!(call("Panic").await, Code::Internal);
        assert_eq!(call("Anything").await, Code::Ok);
    }

    #[tokio::test]
    async fn what_is_above_the_limit_is_refused_at_once_whatever_connection_it_comes_over() {
        let first = Observed::new(Routes::new(Moody), 1, 1);
        let second = first.clone();
        let request = |method: &str| {
            Request::post(format!("/test.Moody/{method}"))
                .body(Body::empty())
                .unwrap()
        };
        let code = |response: Response<Body>| {
            Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code())
        };

        let hanging = first.oneshot(request("Hang"));
        let refused = second.clone().oneshot(request("Anything"));
        let refused = tokio::select! {
            biased;
            _ = hanging => panic!("it hangs"),
            refused = refused => refused.unwrap_or_else(|never| match never {}),
        };
        let after = second.oneshot(request("Anything")).await;

        assert_eq!(code(refused), Code::Unavailable);
        let after = after.unwrap_or_else(|never| match never {});
        assert_eq!(code(after), Code::Ok, "the other one was given up");
    }

    #[tokio::test]
    async fn what_only_reads_leaves_places_for_what_does_more() {
        let server = Observed::new(Routes::new(Moody), 3, 1);
        let call = |path: &str| {
            let request = Request::post(path).body(Body::empty()).unwrap();
            server.clone().oneshot(request)
        };
        let code = |response: Result<Response<Body>, Infallible>| {
            let response = response.unwrap_or_else(|never| match never {});
            Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code())
        };
        let mut page = call("/test.Moody/GetHang");
        assert!(futures::poll!(&mut page).is_pending());

        let another = code(call("/test.Moody/GetMore").await);
        let send = code(call("/test.Moody/SendMessage").await);
        let heads = code(call("/test.DeliveryService/GetHeads").await);
        drop(page);
        let later = code(call("/test.Moody/GetMore").await);

        assert_eq!((another, send), (Code::Unavailable, Code::Ok));
        assert_eq!(
            heads,
            Code::Unimplemented,
            "nobody is asked, and none was refused"
        );
        assert_eq!(later, Code::Ok);
    }

    #[tokio::test]
    async fn what_is_too_late_is_not_begun_and_what_gets_late_is_stopped() {
        // Begun, this one would panic.
        assert_eq!(call_within("Panic", "0m").await, Code::DeadlineExceeded);
        assert_eq!(call_within("Panic", "900u").await, Code::DeadlineExceeded);
        assert_eq!(call_within("Hang", "5m").await, Code::DeadlineExceeded);
        assert_eq!(call_within("Anything", "99999999H").await, Code::Ok);
        assert_eq!(call_within("Anything", "soon").await, Code::Ok);
    }

    #[tokio::test]
    async fn a_call_knows_how_long_its_caller_waits() {
        assert_eq!(call_within("Look", "5S").await, Code::Ok);
    }
}
