//! Serves gRPC routes over any stream of connections: a TCP listener, or the in-memory pipe of a process that holds
//! several roles.

use futures::Stream;
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::{
    service::Routes,
    transport::{Server, server::Connected},
};

use crate::Shutdown;

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
        .trace_fn(|request| tracing::info_span!("rpc", rpc.method = request.uri().path()))
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, async move { shutdown.signalled().await })
        .await?;
    Ok(())
}
