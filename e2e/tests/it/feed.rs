//! The feed over real nodes: what a consumer gets when the node that it reads from is killed.

use std::collections::HashMap;

use futures::{StreamExt as _, stream};
use kith_api::chat::v1::{
    AckRequest, ConsumeRequest, ConsumeResponse, FeedEventType, feed_event::Event,
    feed_service_client::FeedServiceClient,
};
use kith_e2e::{DEADLINE, Node, Person, Postgres, Redis, Settings, group, post, within};
use tonic::{
    Request, Status, Streaming, metadata::AsciiMetadataValue, transport::Channel,
    transport::Endpoint,
};

const ROOMS: usize = 4;
/// Messages in each.
const MESSAGES: u64 = 150;
/// The node is killed when so many have been consumed.
const BEFORE: usize = 100;

/// A backend that consumes.
struct Consumer {
    feed: FeedServiceClient<Channel>,
    key: AsciiMetadataValue,
    stream: Streaming<ConsumeResponse>,
}

impl Consumer {
    async fn at(node: &Node, key: &str) -> Self {
        let address = format!("http://{}", node.internal_address());
        let channel = Endpoint::from_shared(address).unwrap().connect_lazy();
        let key: AsciiMetadataValue = format!("Bearer {key}").parse().unwrap();
        let mut feed = FeedServiceClient::new(channel);
        let request = ConsumeRequest {
            consumer: "trainer".to_owned(),
            event_types: vec![FeedEventType::MessageCreated.into()],
            ..ConsumeRequest::default()
        };
        let stream = feed
            .consume(with(&key, request))
            .await
            .unwrap()
            .into_inner();
        Self { feed, key, stream }
    }

    async fn next(&mut self) -> Result<ConsumeResponse, Status> {
        let next = within(DEADLINE, "the feed goes on", self.stream.message()).await;
        next?.ok_or_else(|| Status::unavailable("it ended"))
    }

    async fn ack(&mut self, answer: &ConsumeResponse) -> Result<(), Status> {
        let request = AckRequest {
            consumer: "trainer".to_owned(),
            epoch: answer.epoch,
            feed_pos: answer.feed_pos,
        };
        self.feed.ack(with(&self.key, request)).await.map(drop)
    }
}

fn with<T>(key: &AsciiMetadataValue, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", key.clone());
    request
}

/// What was taken: of each room the seqs, in the order in which they came.
#[derive(Default)]
struct Taken {
    seqs: HashMap<String, Vec<u64>>,
    count: usize,
}

impl Taken {
    fn take(&mut self, answer: &ConsumeResponse) {
        for event in &answer.events {
            if let Some(Event::RoomEvent(event)) = &event.event {
                let seqs = self.seqs.entry(event.room_id.clone()).or_default();
                seqs.push(event.seq);
                self.count += 1;
            }
        }
    }

    /// Whether everything has come.
    fn is_whole(&self) -> bool {
        let last = MESSAGES + 1;
        self.seqs.len() == ROOMS && self.seqs.values().all(|seqs| seqs.last() == Some(&last))
    }
}

#[tokio::test]
async fn a_killed_node_takes_nothing_out_of_the_feed_and_turns_nothing_round() {
    let (postgres, redis) = (Postgres::start().await, Redis::start().await);
    let settings = || {
        Settings::default()
            .with_postgres(&postgres.url())
            .with_redis(&redis.url())
    };
    let mut dying = Node::start_with(settings()).await;
    let staying = Node::start_with(settings()).await;
    let people = Person::sign_up_crowd(&staying, "person", 2).await;
    let mut rooms = Vec::new();
    for n in 0..ROOMS {
        rooms.push(group(&format!("Room {n}"), &people).await.id());
    }
    let key = staying
        .operate(&["key", "create", "--name", "trainer", "--scope", "feed"])
        .await;
    let key = key.trim();
    let mut consumer = Consumer::at(&dying, key).await;

    // Each room's messages come one after the other, the rooms beside each other.
    let talking = stream::iter(&rooms).for_each_concurrent(None, |room| {
        let writer = &people[0];
        async move {
            for n in 0..MESSAGES {
                post(writer, *room, &format!("message {n}")).await;
            }
        }
    });
    let consuming = async {
        let (mut taken, mut acknowledged) = (Taken::default(), HashMap::new());
        let mut is_first = true;
        while taken.count < BEFORE {
            let answer = consumer.next().await.unwrap();
            taken.take(&answer);
            // Not everything that was taken is acknowledged: the rest must come again.
            if is_first || taken.count < BEFORE / 2 {
                consumer.ack(&answer).await.unwrap();
                acknowledged.extend(
                    taken
                        .seqs
                        .iter()
                        .map(|(room, seqs)| (room.clone(), *seqs.last().unwrap())),
                );
                is_first = false;
            }
        }
        dying.kill().await;
        // Whatever was on its way may still come; then the stream breaks.
        while let Ok(answer) = consumer.next().await {
            taken.take(&answer);
        }
        let mut again = Taken::default();
        let mut consumer = Consumer::at(&staying, key).await;
        while !again.is_whole() {
            let answer = consumer.next().await.unwrap();
            again.take(&answer);
            consumer.ack(&answer).await.unwrap();
        }
        (taken, acknowledged, again)
    };
    let ((), (taken, acknowledged, again)) = tokio::join!(talking, consuming);

    for room in rooms.iter().map(ToString::to_string) {
        let before = taken.seqs.get(&room).cloned().unwrap_or_default();
        assert!(
            before.iter().copied().eq((2..).take(before.len())),
            "{before:?}"
        );
        let acknowledged = acknowledged.get(&room).copied().unwrap_or(1);
        let after = &again.seqs[&room];
        assert!(
            after.iter().copied().eq(acknowledged + 1..=MESSAGES + 1),
            "everything after {acknowledged}, once and in order: {after:?}"
        );
    }
}
