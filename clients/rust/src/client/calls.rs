//! What a device asks of the server, as futures that give the answer with what it answers.

use std::time::Duration;

use futures::{FutureExt as _, future::BoxFuture};

use crate::{
    model::{Fetched, Room, RoomId},
    outbox::Pending,
    rest::{Api, ApiError, MessagePost, Posted, SyncAnswer},
    socket::{ConnectError, Frames, Link, SocketError, Upgrade, knock},
    sync::Resume,
};

/// The server's own deadlines are shorter: what is not answered by then never will be.
const PATIENCE: Duration = Duration::from_secs(20);
/// For the network to let a connection through.
const KNOCKING: Duration = Duration::from_secs(10);
/// Events of one fetch.
const STRETCH: u32 = 1_000;

/// An open socket; or when to come again, if the server said so.
pub(super) type Knocked = Result<(Link, Frames), Option<Duration>>;

/// An answer.
pub(super) enum Answered {
    Knocked(Knocked),
    Sent {
        room: RoomId,
        client_id: String,
        /// Or whether the same may succeed later.
        outcome: Result<Box<Posted>, bool>,
    },
    Fetched(RoomId, Result<Fetched, bool>),
    Synced(Option<Box<SyncAnswer>>),
    Loaded(RoomId, Option<Box<Room>>),
}

pub(super) type Call = BoxFuture<'static, Answered>;

/// Opens a socket.
pub(super) fn connect(api: &Api) -> Call {
    let url = api.socket_url();
    async move {
        let knocking = knock(&url, Upgrade::default());
        let knocked = match tokio::time::timeout(KNOCKING, knocking).await {
            Ok(Ok(halves)) => Ok(halves),
            Ok(Err(error)) => {
                note(&error);
                Err(error.retry_after())
            }
            Err(_) => Err(None),
        };
        Answered::Knocked(knocked)
    }
    .boxed()
}

fn note(error: &ConnectError) {
    tracing::debug!(%error, "there is no connection");
}

/// Says something.
pub(super) fn send(link: &Link, pending: Pending) -> Call {
    let link = link.clone();
    async move {
        let (room, client_id) = (pending.room_id, pending.client_id.clone());
        let post = MessagePost {
            client_id: pending.client_id,
            text: pending.text,
            reply_to: pending.reply_to,
        };
        let outcome = patient(link.send(room, &post)).await.map(Box::new);
        Answered::Sent {
            room,
            client_id,
            outcome,
        }
    }
    .boxed()
}

/// Reads a stretch of a room's log.
pub(super) fn fetch(link: &Link, room: RoomId, after: u64) -> Call {
    let link = link.clone();
    async move { Answered::Fetched(room, patient(link.fetch(room, after, Some(STRETCH))).await) }
        .boxed()
}

/// Asks what is missing in one piece.
pub(super) fn sync(api: &Api, resume: Resume) -> Call {
    let api = api.clone();
    async move { Answered::Synced(heard(api.sync(&resume)).await.map(Box::new)) }.boxed()
}

/// Loads a room.
pub(super) fn load(api: &Api, room: RoomId) -> Call {
    let api = api.clone();
    async move { Answered::Loaded(room, heard(api.room(room)).await.map(Box::new)) }.boxed()
}

/// The answer, or whether the same may succeed later.
async fn patient<T>(asking: impl Future<Output = Result<T, SocketError>>) -> Result<T, bool> {
    match tokio::time::timeout(PATIENCE, asking).await {
        Ok(answer) => answer.map_err(|error| error.is_retryable()),
        Err(_) => Err(true),
    }
}

/// The answer, if it came.
async fn heard<T>(asking: impl Future<Output = Result<T, ApiError>>) -> Option<T> {
    match tokio::time::timeout(PATIENCE, asking).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a call was not answered");
            None
        }
        Err(_) => None,
    }
}
