//! Announces the end of a connection whose request body was not read to its end: what follows on it could not be told from
//! the rest of that body, so hyper closes it, and a client that was not told would send its next request into the void.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{body::Body, extract::Request, middleware::Next, response::Response};
use http::{HeaderValue, header};
use http_body_util::BodyExt as _;

/// Says `Connection: close` after an answer that did not wait for the whole body.
pub(super) async fn announce(request: Request, next: Next) -> Response {
    let declared = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok())
        .unwrap_or(0);
    let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    if declared == 0 && !is_chunked {
        return next.run(request).await;
    }
    let read = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&read);
    let tracked = request.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let length = frame.data_ref().map_or(0, bytes::Bytes::len);
            counter.fetch_add(length as u64, Ordering::Relaxed);
            frame
        }))
    });
    let mut response = next.run(tracked).await;
    // The end of a chunked body cannot be counted; a refused one may be unread.
    let is_unread = read.load(Ordering::Relaxed) < declared
        || (is_chunked && response.status().is_client_error());
    if is_unread {
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
