//! A gateway node as chat sees it: one stream of commands, one of subscriptions.

use std::{collections::VecDeque, time::Duration};

use kith_api::chat::v1::{
    Attach, Command, Confirmed, Delivery, Reply, RoomEvent, SendMessageRequest, SendRequest,
    SendResponse, SubscribeRequest, SubscribeResponse, command, delivery::Delivery as Kind, reply,
};
use kith_auth::Caller;
use kith_client::Upstream;
use kith_clock::Clock;
use kith_ids::UserId;
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

/// Both streams.
pub(crate) struct Gateway {
    node: Upstream,
    commands: mpsc::Sender<SendRequest>,
    replies: Streaming<SendResponse>,
    ready: VecDeque<Reply>,
    subscriptions: mpsc::Sender<SubscribeRequest>,
    deliveries: Streaming<SubscribeResponse>,
    delivered: VecDeque<Kind>,
}

impl Gateway {
    pub(crate) async fn connect(node: &Upstream) -> Self {
        let caller = Caller::node("gateway");
        let (commands, receiver) = mpsc::channel(1024);
        let replies = node
            .delivery_stream(&caller)
            .send(ReceiverStream::new(receiver))
            .await;
        let (subscriptions, receiver) = mpsc::channel(1024);
        let deliveries = node
            .delivery_stream(&caller)
            .subscribe(ReceiverStream::new(receiver))
            .await;
        let mut gateway = Self {
            node: node.clone(),
            commands,
            replies: replies.unwrap().into_inner(),
            ready: VecDeque::new(),
            subscriptions,
            deliveries: deliveries.unwrap().into_inner(),
            delivered: VecDeque::new(),
        };
        let first = gateway.delivery().await;
        assert!(
            matches!(first, Kind::EpochChanged(_)),
            "a stream begins with the epoch: {first:?}"
        );
        gateway
    }

    /// Binds a handle to a person.
    pub(crate) async fn attach(&self, handle: u64, user: UserId) {
        let caller = self.node.sign(&Caller::User {
            user_id: user,
            session_id: Clock::system().new_id().into(),
        });
        let attach = command::Command::Attach(Attach { caller });
        self.run(vec![(0, handle, attach)]).await;
    }

    /// Sends commands of (request, handle) in one request.
    pub(crate) async fn run(&self, commands: Vec<(u64, u64, command::Command)>) {
        let commands = commands
            .into_iter()
            .map(|(request_id, handle, command)| Command {
                traceparent: None,
                request_id,
                handle,
                command: Some(command),
            })
            .collect();
        self.commands.send(SendRequest { commands }).await.unwrap();
    }

    /// The next reply.
    pub(crate) async fn reply(&mut self) -> (u64, reply::Result) {
        while self.ready.is_empty() {
            let response = in_time(self.replies.message()).await.unwrap().unwrap();
            self.ready.extend(response.replies);
        }
        let reply = self.ready.pop_front().unwrap();
        (reply.request_id, reply.result.unwrap())
    }

    /// Subscribes, and waits for the confirmation.
    pub(crate) async fn subscribe(&mut self, rooms: &[&str], users: &[UserId]) {
        let request = SubscribeRequest {
            request_id: 7,
            add_room_ids: rooms.iter().map(|room| (*room).to_owned()).collect(),
            add_user_ids: users.iter().map(UserId::to_string).collect(),
            ..SubscribeRequest::default()
        };
        self.subscriptions.send(request).await.unwrap();
        self.confirmed().await;
    }

    /// Takes rooms out, and waits for the confirmation.
    pub(crate) async fn unsubscribe(&mut self, rooms: &[&str]) {
        let request = SubscribeRequest {
            request_id: 7,
            remove_room_ids: rooms.iter().map(|room| (*room).to_owned()).collect(),
            ..SubscribeRequest::default()
        };
        self.subscriptions.send(request).await.unwrap();
        self.confirmed().await;
    }

    async fn confirmed(&mut self) {
        loop {
            match self.delivery().await {
                Kind::Confirmed(Confirmed { request_id: 7 }) => return,
                Kind::Lagged(_) => {}
                other => panic!("expected a confirmation: {other:?}"),
            }
        }
    }

    /// The next delivery.
    pub(crate) async fn delivery(&mut self) -> Kind {
        while self.delivered.is_empty() {
            let response = in_time(self.deliveries.message()).await.unwrap().unwrap();
            let kinds = response
                .deliveries
                .into_iter()
                .filter_map(|delivery| Delivery::decode(delivery).unwrap().delivery);
            self.delivered.extend(kinds);
        }
        self.delivered.pop_front().unwrap()
    }

    /// The next delivery, which is a room's event.
    pub(crate) async fn room_event(&mut self) -> RoomEvent {
        match self.delivery().await {
            Kind::RoomEvent(event) => event,
            other => panic!("expected a room event: {other:?}"),
        }
    }

    /// Whether the subscription stream has ended.
    pub(crate) async fn has_ended(&mut self) -> bool {
        in_time(self.deliveries.message())
            .await
            .is_ok_and(|next| next.is_none())
    }
}

/// A send as a command.
pub(crate) fn send(room: &str, client_id: &str, text: &str) -> command::Command {
    command::Command::SendMessage(SendMessageRequest {
        room_id: room.to_owned(),
        client_id: client_id.to_owned(),
        text: text.to_owned(),
        ..SendMessageRequest::default()
    })
}

async fn in_time<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .expect("within 10 s")
}
