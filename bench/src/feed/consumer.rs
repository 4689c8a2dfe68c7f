//! A backend that reads the feed, as `docs/backends.md` tells it to: it acknowledges each answer when it has it.

use std::time::Duration;

use anyhow::Context as _;
use kith_api::chat::v1::{
    AckRequest, ConsumeRequest, ConsumeResponse, FeedEvent, FeedEventType, FeedStart,
    feed_service_client::FeedServiceClient,
};
use kith_e2e::within;
use tonic::{
    Request, Streaming,
    metadata::AsciiMetadataValue,
    transport::{Channel, Endpoint},
};

/// Nothing for so long: the feed has stopped.
const PATIENCE: Duration = Duration::from_secs(15);

/// The way in, and the key to it.
#[derive(Clone)]
pub(super) struct Door {
    feed: FeedServiceClient<Channel>,
    key: AsciiMetadataValue,
}

/// An open stream of messages.
pub(super) struct Consumer {
    door: Door,
    name: String,
    stream: Streaming<ConsumeResponse>,
}

impl Door {
    pub(super) fn new(address: &str, key: &str) -> anyhow::Result<Self> {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
        Ok(Self {
            feed: FeedServiceClient::new(endpoint.connect_lazy()),
            key: format!("Bearer {key}").parse()?,
        })
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let metadata = request.metadata_mut();
        metadata.insert("authorization", self.key.clone());
        request
    }
}

impl Consumer {
    pub(super) async fn open(door: &Door, name: &str, start: FeedStart) -> anyhow::Result<Self> {
        let request = ConsumeRequest {
            consumer: name.to_owned(),
            event_types: vec![FeedEventType::MessageCreated.into()],
            start: start.into(),
            ..ConsumeRequest::default()
        };
        let stream = door.feed.clone().consume(door.request(request)).await?;
        Ok(Self {
            door: door.clone(),
            name: name.to_owned(),
            stream: stream.into_inner(),
        })
    }

    /// The next answer's events, acknowledged.
    pub(super) async fn next(&mut self) -> anyhow::Result<Vec<FeedEvent>> {
        let answer = within(PATIENCE, "the feed goes on", self.stream.message()).await?;
        let answer = answer.context("the feed ended")?;
        let request = AckRequest {
            consumer: self.name.clone(),
            epoch: answer.epoch,
            feed_pos: answer.feed_pos,
        };
        let mut feed = self.door.feed.clone();
        feed.ack(self.door.request(request)).await?;
        Ok(answer.events)
    }
}
