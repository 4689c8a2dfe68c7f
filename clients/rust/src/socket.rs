//! The live connection. [`Connection::open`] says hello and waits for `ready`; after it the two halves live apart:
//! a [`Link`] (cheap to clone) asks and says things, [`Frames`] hands out what the server sends, in order.
//!
//! Requests are matched to their answers by `ref`; many may be under way. What the frames mean for the device's state
//! is not decided here: feed them to [`crate::sync::Cursors`].

mod driver;
mod error;
mod request;
#[cfg(test)]
mod tests;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::{
    Message,
    client::IntoClientRequest as _,
    http::{HeaderName, HeaderValue},
    protocol::WebSocketConfig,
};

pub use error::{ConnectError, SocketError};
pub use request::{Client, Hello};

use crate::model::{Ready, Refused, ServerFrame};
use driver::{Outgoing, Pending};

/// Bytes that a connection reads at a time.
const READ_BUFFER: usize = 8 << 10;

/// How to knock at the door.
#[derive(Clone, Default)]
pub struct Upgrade {
    /// Sent as `Authorization: Bearer`; a browser cannot, a native client may.
    pub token: Option<String>,
    /// Further headers of the upgrade, such as `Origin`.
    pub headers: Vec<(String, String)>,
}

/// An authenticated connection.
#[derive(Debug)]
pub struct Connection {
    /// What the server answered to `hello`.
    pub ready: Ready,
    /// Asks and says.
    pub link: Link,
    /// Hears.
    pub frames: Frames,
}

/// The asking half. The connection stays open as long as one of its halves lives.
#[derive(Debug, Clone)]
pub struct Link {
    outgoing: mpsc::UnboundedSender<Outgoing>,
    pending: Arc<Pending>,
    next_ref: Arc<AtomicU64>,
    closed: watch::Receiver<Option<Closed>>,
}

/// The hearing half.
#[derive(Debug)]
pub struct Frames {
    incoming: mpsc::UnboundedReceiver<ServerFrame>,
    closed: watch::Receiver<Option<Closed>>,
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The close code; `None` when the connection broke without one.
    pub code: Option<u16>,
    /// What the other side said about it.
    pub reason: String,
}

impl Connection {
    /// Connects, says hello and waits for `ready`.
    pub async fn open(url: &str, upgrade: Upgrade, hello: &Hello) -> Result<Self, ConnectError> {
        let (link, mut frames) = knock(url, upgrade).await?;
        link.hello(hello)?;
        match frames.next().await {
            Some(ServerFrame::Ready(ready)) => Ok(Self {
                ready,
                link,
                frames,
            }),
            Some(ServerFrame::Err(refused)) => Err(ConnectError::Refused {
                closed: frames.closed().await,
                refused,
            }),
            Some(_) => Err(ConnectError::NotReady),
            None => Err(ConnectError::Closed(frames.closed().await)),
        }
    }

    /// Connects with a token in the `hello`, as a browser does.
    pub async fn with_token(url: &str, token: &str) -> Result<Self, ConnectError> {
        Self::open(url, Upgrade::default(), &Hello::with_token(token)).await
    }
}

/// Opens the socket without saying anything: the part of [`Connection::open`] before `hello`.
pub async fn knock(url: &str, upgrade: Upgrade) -> Result<(Link, Frames), ConnectError> {
    let mut request = url.into_client_request()?;
    let authorization = upgrade
        .token
        .map(|token| ("authorization".to_owned(), format!("Bearer {token}")));
    let protocol = ("sec-websocket-protocol".to_owned(), "kith.v1".to_owned());
    for (name, value) in upgrade
        .headers
        .into_iter()
        .chain(authorization)
        .chain([protocol])
    {
        let name: HeaderName = name.parse().map_err(|_| ConnectError::BadHeader)?;
        let value = HeaderValue::from_str(&value).map_err(|_| ConnectError::BadHeader)?;
        request.headers_mut().insert(name, value);
    }
    // What the library reads into is allocated at once: its default is many times the longest frame that is usual.
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    let (stream, _) =
        tokio_tungstenite::connect_async_with_config(request, Some(config), false).await?;
    Ok(driver::start(stream))
}

impl Link {
    /// Sends any JSON as a frame, without a `ref` and without waiting.
    pub fn say(&self, frame: &Value) -> Result<(), SocketError> {
        self.say_raw(Message::text(frame.to_string()))
    }

    /// Sends any WebSocket message as it is: for tests of what a server must refuse.
    pub fn say_raw(&self, message: Message) -> Result<(), SocketError> {
        self.outgoing
            .send(Outgoing::Frame(message))
            .map_err(|_| SocketError::Closed(self.ended()))
    }

    /// Sends a request under a fresh `ref` and waits for its answer's `d`.
    pub async fn ask(&self, mut frame: Value) -> Result<Value, SocketError> {
        let reference = self.next_ref.fetch_add(1, Ordering::Relaxed).to_string();
        frame["ref"] = reference.clone().into();
        let answer = self.pending.expect(reference);
        self.say(&frame)?;
        match answer.await {
            Ok(answer) => answer.map_err(SocketError::Refused),
            Err(_) => Err(SocketError::Closed(self.ended())),
        }
    }

    /// Closes the connection from this side.
    pub fn close(&self) {
        // Already closed is as good.
        let _ = self.outgoing.send(Outgoing::Close);
    }

    /// Waits for the end of the connection.
    pub async fn closed(&self) -> Closed {
        wait_closed(self.closed.clone()).await
    }

    fn ended(&self) -> Option<Closed> {
        self.closed.borrow().clone()
    }
}

impl Frames {
    /// The next frame that is not the answer to a request; `None` when the connection has ended.
    pub async fn next(&mut self) -> Option<ServerFrame> {
        self.incoming.recv().await
    }

    /// The next frame, if it has come already.
    pub fn try_next(&mut self) -> Option<ServerFrame> {
        self.incoming.try_recv().ok()
    }

    /// Waits for the end of the connection.
    pub async fn closed(&self) -> Closed {
        wait_closed(self.closed.clone()).await
    }
}

async fn wait_closed(mut closed: watch::Receiver<Option<Closed>>) -> Closed {
    let broken = Closed {
        code: None,
        reason: String::new(),
    };
    match closed.wait_for(Option::is_some).await {
        Ok(end) => end.clone().unwrap_or(broken),
        Err(_) => broken,
    }
}

type Answered = Result<Value, Refused>;
