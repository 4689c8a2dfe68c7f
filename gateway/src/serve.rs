//! The listener and its connections: HTTP/1.1 with bounds on heads, time and leaving. The bounds are hyper's own, which
//! `axum::serve` does not expose.

mod stream;

use std::{net::SocketAddr, pin::pin, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use self::stream::Stream;
use crate::{edge, router, state::AppState};

/// For a request's head, from the connect or the last answer on: ends idle and dribbling connections.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The same once the node leaves.
const LATE_HEAD_TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes and lines of a head; more is 431.
const HEAD_BYTES: usize = 48 * 1024;
const HEAD_LINES: usize = 100;
/// After an accept that failed: the usual reason is that the process is out of file descriptors, and ends may free some.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts until the node has left: those that come meanwhile may be sent by a balancer that does not know of it yet.
pub(crate) fn start(state: &AppState, listener: TcpListener) {
    let app = edge::around(router::router(state), state);
    let state = state.clone();
    let shutdown = state.tasks.shutdown().clone();
    state.tasks.clone().spawn("gateway.accept", async move {
        let mut closed = pin!(state.closed());
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut closed => return,
                () = shutdown.signalled() => return,
            };
            match accepted {
                Ok((stream, peer)) => serve(&state, app.clone(), stream, peer),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    });
}

fn serve(state: &AppState, app: Router, stream: TcpStream, peer: SocketAddr) {
    // Answers and frames are written whole; waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    let open = state.connections.token();
    let (draining, shutdown) = (state.draining.clone(), state.tasks.shutdown().clone());
    let is_late = draining.is_signalled();
    state.tasks.spawn("gateway.connection", async move {
        let _open = open;
        let stream = Stream::new(stream, HEAD_BYTES);
        let ambiguous = stream.ambiguous();
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            if ambiguous.is_true() {
                request.extensions_mut().insert(edge::AmbiguousLength);
            }
            app.clone().oneshot(edge::normalized(request))
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // One that comes while the node leaves is answered once, and holds up the end no longer than that.
            .keep_alive(!is_late)
            .header_read_timeout(if is_late {
                LATE_HEAD_TIMEOUT
            } else {
                HEAD_TIMEOUT
            })
            .max_buf_size(HEAD_BYTES)
            .max_header_size(HEAD_BYTES)
            .max_headers(HEAD_LINES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        tokio::select! {
            // What ends a connection is the client's business; its requests have been logged.
            _ = connection.as_mut() => return,
            () = draining.signalled(), if !is_late => {}
            () = shutdown.signalled() => {}
        }
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    });
}

#[cfg(test)]
mod tests;
