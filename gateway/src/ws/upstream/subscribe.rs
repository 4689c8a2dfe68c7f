//! The subscription stream: tells chat which rooms and people this node follows, and hands what happens in them to the hub.

use std::time::Duration;

use kith_api::chat::v1::{SubscribeRequest, SubscribeResponse};
use kith_auth::Caller;
use kith_client::Upstream;
use kith_delivery::{Request, Subscriptions};
use kith_ids::{RoomId, UserId};
use kith_runtime::Shutdown;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::{IN_FLIGHT, LONGEST_PAUSE, OPENING, PAUSE};
use crate::ws::{MAX_ANSWER, hub::Hub, socket::Socket};

/// Between two requests: what sockets want meanwhile is asked for, and its heads are compared, together.
const PACE: Duration = Duration::from_millis(20);

/// The stream's side of the hub.
pub(crate) struct Subscriber {
    hub: Hub,
    chat: Upstream,
    subscriptions: Subscriptions<Socket>,
}

impl Subscriber {
    /// Follows the hub's changes.
    pub(crate) fn new(hub: Hub, chat: Upstream) -> Self {
        Self {
            hub,
            chat,
            subscriptions: Subscriptions::default(),
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
        self.subscriptions.begin(self.hub.logs());
        let (mut has_worked, mut next_at) = (false, Instant::now());
        let end = loop {
            let has_more = self.subscriptions.gather(self.hub.logs());
            let due = next_at;
            let turn = async {
                sleep_until(due).await;
                requests.reserve().await
            };
            tokio::select! {
                permit = turn, if has_more => match permit {
                    Ok(permit) => {
                        self.subscriptions.gather(self.hub.logs());
                        if let Some(request) = self.subscriptions.next_request() {
                            permit.send(encode(request));
                        }
                        // What is left is of another kind, or too much for one request.
                        if !self.subscriptions.gather(self.hub.logs()) {
                            next_at = Instant::now() + PACE;
                        }
                    }
                    Err(_) => break None,
                },
                () = self.hub.changed(), if !has_more => {}
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

    fn deliver(&mut self, delivered: SubscribeResponse) {
        for request_id in self.hub.deliver(delivered.deliveries) {
            if let Some(establishing) = self.subscriptions.confirmed(request_id) {
                self.hub.establish(establishing);
            }
        }
    }
}

fn encode(request: Request) -> SubscribeRequest {
    let rooms = |ids: Vec<RoomId>| ids.iter().map(RoomId::to_string).collect();
    let users = |ids: Vec<UserId>| ids.iter().map(UserId::to_string).collect();
    SubscribeRequest {
        request_id: request.id,
        add_room_ids: rooms(request.add_rooms),
        add_user_ids: users(request.add_users),
        remove_room_ids: rooms(request.remove_rooms),
        remove_user_ids: users(request.remove_users),
    }
}

/// The next message; the end of the stream is a break like any other.
pub(in crate::ws) async fn next<T>(stream: &mut Streaming<T>) -> Result<T, Status> {
    stream
        .message()
        .await?
        .ok_or_else(|| Status::unavailable("the stream ended"))
}
