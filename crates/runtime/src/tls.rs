//! Connections of the internal port over mutual TLS.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::{Stream, StreamExt as _};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tonic::transport::server::Connected;

use crate::{Certificates, certificates::names_in};

/// What a handshake may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Handshakes at once; more wait their turn.
const AT_ONCE: usize = 256;

/// A connection whose handshake is done.
#[derive(Debug)]
pub struct TlsConnection<IO>(TlsStream<IO>);

/// Who is at the other end of a connection over TLS; a part of each request on it. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The names in the certificate that it showed, which is one of the cluster's authority; none: it showed no certificate.
    pub names: Option<Arc<[String]>>,
}

/// Greets each connection with the certificates that hold at that moment. One that cannot be agreed with is dropped, and holds up nobody.
pub fn over_tls<IO>(
    incoming: impl Stream<Item = io::Result<IO>>,
    certificates: Certificates,
) -> impl Stream<Item = io::Result<TlsConnection<IO>>>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    incoming
        .map(move |connection| greet(connection, certificates.clone()))
        .buffer_unordered(AT_ONCE)
        .filter_map(async |greeted| greeted.transpose())
}

async fn greet<IO>(
    connection: io::Result<IO>,
    certificates: Certificates,
) -> io::Result<Option<TlsConnection<IO>>>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let acceptor = TlsAcceptor::from(certificates.server());
    match timeout(PATIENCE, acceptor.accept(connection?)).await {
        Ok(Ok(stream)) => return Ok(Some(TlsConnection(stream))),
        // Also whoever only looks whether somebody listens here.
        Ok(Err(error)) => tracing::debug!(%error, "a connection did not become TLS"),
        Err(_) => tracing::debug!("a connection did not become TLS in time"),
    }
    Ok(None)
}

impl<IO> Connected for TlsConnection<IO> {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        let shown = self.0.get_ref().1.peer_certificates();
        Peer {
            names: shown.and_then(<[_]>::first).map(|own| names_in(own).into()),
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsConnection<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsConnection<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
