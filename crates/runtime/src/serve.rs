//! Serves gRPC routes over any stream of connections: a TCP listener, or the in-memory pipe of a process that holds
//! several roles.

use std::time::Duration;

use futures::Stream;
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::{
    service::Routes,
    transport::{Server, server::Connected},
};

use crate::{Shutdown, layers::Observed};

/// Calls in work on one connection. More are refused at once (`unavailable`): a queue in front of a service that is too
/// slow only makes every answer late. Open streams do not count.
const CALLS_PER_CONNECTION: usize = 1024;
/// Calls in work on all connections of one server: who opens ever more connections gets no more than four can have.
const CALLS: usize = 4 * CALLS_PER_CONNECTION;
/// Calls in work that only read: fewer than one connection may have, so that a gateway whose clients page through histories has places left for what
/// they send.
const READING: usize = CALLS_PER_CONNECTION * 3 / 4;
/// A gateway's calls all share one connection, so this must not be the narrower gate.
const STREAMS_PER_CONNECTION: u32 = 16 * 1024;
/// Streams that a client may have reset before we came to them, and that we had to reset for its errors; a connection above that
/// is told to go away.
const RESETS_UNSEEN: usize = 64;
const RESETS_FOR_ERRORS: usize = 512;
/// Metadata of a call; the caller context and a trace are a few hundred bytes.
const METADATA_BYTES: u32 = 16 * 1024;
/// The latest answer, for callers that set no deadline of their own.
const DEADLINE: Duration = Duration::from_secs(30);
/// The two delivery streams carry everything of a node: a small window would make each burst wait for its reader.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// The server ended with an error.
#[derive(Debug, thiserror::Error)]
#[error("grpc server: {0}")]
pub struct ServeError(#[from] tonic::transport::Error);

/// Serves until the shutdown is signalled and the open calls have ended.
pub async fn serve_grpc<I, IO>(
    routes: Routes,
    incoming: I,
    shutdown: Shutdown,
) -> Result<(), ServeError>
where
    I: Stream<Item = std::io::Result<IO>> + Send + 'static,
    IO: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
    IO::ConnectInfo: Clone + Send + Sync + 'static,
{
    Server::builder()
        // The internal port answers `GET /metrics` too, which is plain HTTP/1.
        .accept_http1(true)
        .concurrency_limit_per_connection(CALLS_PER_CONNECTION)
        .load_shed(true)
        .max_concurrent_streams(STREAMS_PER_CONNECTION)
        .http2_max_pending_accept_reset_streams(Some(RESETS_UNSEEN))
        .http2_max_local_error_reset_streams(Some(RESETS_FOR_ERRORS))
        .http2_max_header_list_size(METADATA_BYTES)
        .timeout(DEADLINE)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_keepalive_interval(Some(Duration::from_secs(20)))
        .serve_with_incoming_shutdown(
            Observed::new(routes.prepare(), CALLS, READING),
            incoming,
            async move {
                shutdown.signalled().await;
            },
        )
        .await?;
    Ok(())
}
