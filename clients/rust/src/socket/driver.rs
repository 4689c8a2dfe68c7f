//! The task that owns the stream: writes what is to be said, matches answers to their requests, hands on the rest.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
};

use futures::{SinkExt as _, StreamExt as _};
use tokio::{
    net::TcpStream,
    sync::{mpsc, oneshot, watch},
};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite, tungstenite::Message};

use super::{Answered, Closed, Frames, Link};
use crate::model::ServerFrame;

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What the link asks of the task.
#[derive(Debug)]
pub(super) enum Outgoing {
    Frame(Message),
    Close,
}

/// Requests under way, by `ref`.
#[derive(Debug, Default)]
pub(super) struct Pending(Mutex<HashMap<String, oneshot::Sender<Answered>>>);

impl Pending {
    pub(super) fn expect(&self, reference: String) -> oneshot::Receiver<Answered> {
        let (sender, receiver) = oneshot::channel();
        self.lock().insert(reference, sender);
        receiver
    }

    /// Answers the request of that `ref`; gives the answer back when nobody waits for it.
    fn answer(&self, reference: &str, answer: Answered) -> Result<(), ()> {
        let waiting = self.lock().remove(reference).ok_or(())?;
        waiting.send(answer).map_err(drop)
    }

    /// Ends every request: their receivers see that the sender is gone.
    fn abandon(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, oneshot::Sender<Answered>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the task ends with its connection, which its handles see"
)]
pub(super) fn start(stream: Stream) -> (Link, Frames) {
    let (outgoing, commands) = mpsc::unbounded_channel();
    let (incoming, frames) = mpsc::unbounded_channel();
    let (ended, closed) = watch::channel(None);
    let pending = Arc::new(Pending::default());
    let link = Link {
        outgoing,
        pending: Arc::clone(&pending),
        next_ref: Arc::new(AtomicU64::new(1)),
        closed: closed.clone(),
    };
    tokio::spawn(async move {
        let end = drive(stream, commands, &pending, &incoming).await;
        ended.send_replace(Some(end));
        pending.abandon();
    });
    (
        link,
        Frames {
            incoming: frames,
            closed,
        },
    )
}

async fn drive(
    mut stream: Stream,
    mut commands: mpsc::UnboundedReceiver<Outgoing>,
    pending: &Pending,
    incoming: &mpsc::UnboundedSender<ServerFrame>,
) -> Closed {
    let mut links_live = true;
    loop {
        tokio::select! {
            command = commands.recv(), if links_live => {
                let written = match command {
                    Some(Outgoing::Frame(message)) => stream.send(message).await,
                    // Nobody can say anything any more, but somebody may still listen.
                    None if !incoming.is_closed() => { links_live = false; Ok(()) }
                    Some(Outgoing::Close) | None => stream.close(None).await,
                };
                // A failed write is no end yet: the other side's close may still be waiting to be read.
                if written.is_err() { links_live = false; }
            }
            message = stream.next() => match message {
                Some(Ok(Message::Text(text))) => hear(&text, pending, incoming),
                Some(Ok(Message::Close(frame))) => return closed(frame),
                Some(Ok(_)) => {}
                Some(Err(error)) => return broken(&error),
                None => return Closed { code: None, reason: String::new() },
            },
            () = incoming.closed(), if !links_live => {
                // Both halves are gone. The close is a courtesy.
                let _ = stream.close(None).await;
                return Closed { code: None, reason: String::new() };
            }
        }
    }
}

fn hear(text: &str, pending: &Pending, incoming: &mpsc::UnboundedSender<ServerFrame>) {
    let frame = match serde_json::from_str(text) {
        Ok(frame) => frame,
        Err(error) => {
            tracing::warn!(%error, "skipped a frame that is not of the contract");
            ServerFrame::Unknown
        }
    };
    let answered = match &frame {
        ServerFrame::Ok(ok) => pending.answer(&ok.reference, Ok(ok.data.clone())),
        ServerFrame::Err(err) => match &err.reference {
            Some(reference) => pending.answer(reference, Err(err.clone())),
            None => Err(()),
        },
        _ => Err(()),
    };
    if answered.is_err() {
        // Nobody listens any more: the frame has no reader.
        let _ = incoming.send(frame);
    }
}

fn closed(frame: Option<tungstenite::protocol::CloseFrame>) -> Closed {
    Closed {
        code: frame.as_ref().map(|frame| frame.code.into()),
        reason: frame
            .map(|frame| frame.reason.to_string())
            .unwrap_or_default(),
    }
}

fn broken(error: &tungstenite::Error) -> Closed {
    Closed {
        code: None,
        reason: error.to_string(),
    }
}
