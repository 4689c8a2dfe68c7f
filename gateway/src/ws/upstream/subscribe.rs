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

use super::{IN_FLIGHT, Link, keep_open, next, opened};
use crate::ws::{MAX_ANSWER, hub::Hub, socket::Socket};

/// Between two requests: what sockets want meanwhile is asked for, and its heads are compared, together.
const PACE: Duration = Duration::from_millis(20);

/// The stream's side of the hub.
pub(crate) struct Subscriber {
    hub: Hub,
    chat: Upstream,
    subscriptions: Subscriptions<Socket>,
}

impl Link for Subscriber {
    async fn work(&mut self) -> bool {
        let (requests, outgoing) = mpsc::channel(IN_FLIGHT);
        let mut client = self
            .chat
            .delivery_stream(&Caller::node("gateway"))
            .max_decoding_message_size(MAX_ANSWER);
        let opening = client.subscribe(ReceiverStream::new(outgoing));
        let Some(mut deliveries) = opened("deliveries", opening).await else {
            return false;
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
    pub(crate) async fn run(self, shutdown: Shutdown) {
        keep_open(self, shutdown).await;
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
