//! A network of one process: channels whose connections are in-memory duplex streams.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use futures::Stream;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf},
    sync::mpsc,
};
use tonic::transport::{Channel, Endpoint, Uri, server::Connected};
use tower::service_fn;

/// Bytes each direction of a connection holds before its writer waits: a few full HTTP/2 frames.
const BUFFER: usize = 256 * 1024;

/// The server's end of an in-memory connection.
#[derive(Debug)]
pub struct PipeStream(DuplexStream);

/// The connections that clients of the pipe open; give it to the server.
#[derive(Debug)]
pub struct Incoming(mpsc::UnboundedReceiver<DuplexStream>);

/// Makes both ends: a channel that connects when it is first used, and the connections it opens.
pub fn pipe() -> (Channel, Incoming) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let connector = service_fn(move |_: Uri| {
        let sender = sender.clone();
        async move {
            let (client, server) = tokio::io::duplex(BUFFER);
            sender.send(server).map_err(|_| {
                io::Error::new(io::ErrorKind::ConnectionRefused, "the service has ended")
            })?;
            Ok::<_, io::Error>(TokioIo::new(client))
        }
    });
    let channel = Endpoint::from_static("http://pipe").connect_with_connector_lazy(connector);
    (channel, Incoming(receiver))
}

impl Stream for Incoming {
    type Item = io::Result<PipeStream>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0
            .poll_recv(cx)
            .map(|next| next.map(|stream| Ok(PipeStream(stream))))
    }
}

impl Connected for PipeStream {
    type ConnectInfo = ();

    fn connect_info(&self) -> Self::ConnectInfo {}
}

impl AsyncRead for PipeStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for PipeStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
