//! A network of one process: channels whose connections are in-memory duplex streams.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use futures::Stream;
use hyper_util::rt::TokioIo;
use tokio::{io::DuplexStream, sync::mpsc};
use tonic::transport::{Channel, Endpoint, Uri};
use tower::service_fn;

/// Bytes each direction of a connection holds before its writer waits: a few full HTTP/2 frames.
const BUFFER: usize = 256 * 1024;

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
    type Item = io::Result<DuplexStream>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|next| next.map(Ok))
    }
}
