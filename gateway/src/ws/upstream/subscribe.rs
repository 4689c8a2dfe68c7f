//! The subscription stream: tells chat which rooms and people this node follows, and hands what happens in them to the hub.

use std::{collections::HashMap, future::pending, mem::discriminant};

use kith_api::chat::v1::{SubscribeRequest, SubscribeResponse};
use kith_auth::Caller;
use kith_client::Upstream;
use kith_runtime::Shutdown;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::{IN_FLIGHT, LONGEST_PAUSE, OPENING, PAUSE};
use crate::ws::{
    MAX_ANSWER,
    hub::{Batch, Change, Hub},
};

/// Changes in one request.
const CHUNK: usize = 1_000;

/// The stream's side of the hub.
pub(crate) struct Subscriber {
    hub: Hub,
    chat: Upstream,
    changes: UnboundedReceiver<Change>,
    /// Taken from the queue and not yet sent.
    waiting: Vec<Change>,
    /// Sent and not yet confirmed.
    unconfirmed: HashMap<u64, Batch>,
    next_id: u64,
    stream: u64,
}

impl Subscriber {
    /// Follows the hub's changes.
    pub(crate) fn new(hub: Hub, chat: Upstream, changes: UnboundedReceiver<Change>) -> Self {
        Self {
            hub,
            chat,
            changes,
            waiting: Vec::new(),
            unconfirmed: HashMap::new(),
            next_id: 1,
            stream: 0,
        }
    }

    /// Keeps a stream open until the shutdown.
    pub(crate) async fn run(mut self, shutdown: Shutdown) {
        let mut pause = PAUSE;
        loop {
            tokio::select! {
                has_worked = self.stream_once() => {
                    if has_worked {
                        pause = PAUSE;
                    }
                }
                () = shutdown.signalled() => return,
            }
            tokio::select! {
                () = tokio::time::sleep(pause.mul_f64(kith_clock::jitter(0.3))) => {}
                () = shutdown.signalled() => return,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Works on one stream until it breaks; tells whether it ever worked.
    async fn stream_once(&mut self) -> bool {
        let (requests, outgoing) = mpsc::channel(IN_FLIGHT);
        let mut client = self
            .chat
            .delivery_stream(&Caller::node("gateway"))
            .max_decoding_message_size(MAX_ANSWER);
        let opening = client.subscribe(ReceiverStream::new(outgoing));
        let mut deliveries = match tokio::time::timeout(OPENING, opening).await {
            Ok(Ok(response)) => response.into_inner(),
            Ok(Err(status)) => {
                tracing::warn!(code = ?status.code(), "chat's deliveries cannot be followed");
                return false;
            }
            Err(_) => return false,
        };
        self.begin();
        let mut has_worked = false;
        let end = loop {
            let is_idle = self.waiting.is_empty();
            tokio::select! {
                permit = requests.reserve(), if !is_idle => match permit {
                    Ok(permit) => permit.send(self.next_request()),
                    Err(_) => break None,
                },
                count = self.changes.recv_many(&mut self.waiting, CHUNK), if is_idle => if count == 0 {
                    // The hub is gone, and with it everything that could be delivered.
                    pending::<()>().await;
                },
                delivered = next(&mut deliveries) => match delivered {
                    Ok(delivered) => {
                        has_worked = true;
                        self.deliver(delivered);
                    }
                    Err(status) => break Some(status),
                },
            }
        };
        tracing::warn!(code = ?end.map(|status| status.code()), "the stream of deliveries broke");
        has_worked
    }

    /// A new stream knows nothing of what was subscribed before.
    fn begin(&mut self) {
        self.stream = self.hub.begin_stream();
        self.unconfirmed.clear();
        self.waiting.clear();
        while self.changes.try_recv().is_ok() {}
        // Read after the queue was emptied: a change that is queued from now on is newer than this.
        let Batch { rooms, users } = self.hub.everything();
        self.waiting.extend(rooms.into_iter().map(Change::AddRoom));
        self.waiting.extend(users.into_iter().map(Change::AddUser));
    }

    /// As many changes of one kind as come in a row: within a request there is no order between adding and removing.
    fn next_request(&mut self) -> SubscribeRequest {
        let mut request = SubscribeRequest {
            request_id: self.next_id,
            ..SubscribeRequest::default()
        };
        let mut batch = Batch::default();
        let kind = self.waiting.first().map(discriminant);
        let count = self
            .waiting
            .iter()
            .take_while(|change| Some(discriminant(*change)) == kind)
            .count()
            .min(CHUNK);
        for change in self.waiting.drain(..count) {
            match change {
                Change::AddRoom(slot) => {
                    request.add_room_ids.push(slot.key.to_string());
                    batch.rooms.push(slot);
                }
                Change::AddUser(slot) => {
                    request.add_user_ids.push(slot.key.to_string());
                    batch.users.push(slot);
                }
                Change::RemoveRoom(room_id) => request.remove_room_ids.push(room_id.to_string()),
                Change::RemoveUser(user_id) => request.remove_user_ids.push(user_id.to_string()),
            }
        }
        if batch.rooms.is_empty() && batch.users.is_empty() {
            request.request_id = 0;
        } else {
            self.unconfirmed.insert(self.next_id, batch);
            self.next_id += 1;
        }
        request
    }

    fn deliver(&mut self, delivered: SubscribeResponse) {
        for request_id in self.hub.deliver(delivered.deliveries) {
            if let Some(batch) = self.unconfirmed.remove(&request_id) {
                self.hub.establish(self.stream, batch);
            }
        }
    }
}

/// The next message; the end of the stream is a break like any other.
pub(in crate::ws) async fn next<T>(stream: &mut Streaming<T>) -> Result<T, Status> {
    stream
        .message()
        .await?
        .ok_or_else(|| Status::unavailable("the stream ended"))
}
