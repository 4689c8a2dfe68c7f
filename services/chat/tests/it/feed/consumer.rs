//! A consumer of the feed, and short words for what it does.

use std::{collections::VecDeque, time::Duration};

use kith_api::chat::v1::{AckRequest, ConsumeRequest, ConsumeResponse, FeedEvent};
use kith_auth::Caller;
use kith_client::Upstream;
use kith_error::Failure;
use tonic::{Status, Streaming};

/// Longer than any wait of the service.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open stream.
pub(crate) struct Consumer {
    stream: Streaming<ConsumeResponse>,
    received: VecDeque<FeedEvent>,
    pub(crate) epoch: u64,
    /// The newest position.
    pub(crate) reached: u64,
}

pub(crate) fn of_service() -> Caller {
    Caller::Service {
        name: "trainer".to_owned(),
        on_behalf_of: None,
    }
}

pub(crate) fn request(consumer: &str) -> ConsumeRequest {
    ConsumeRequest {
        consumer: consumer.to_owned(),
        ..ConsumeRequest::default()
    }
}

pub(crate) async fn consume(
    chat: &Upstream,
    request: ConsumeRequest,
) -> Result<Streaming<ConsumeResponse>, Status> {
    let answer = chat.feed_stream(&of_service()).consume(request).await?;
    Ok(answer.into_inner())
}

pub(crate) async fn ack(
    chat: &Upstream,
    consumer: &str,
    epoch: u64,
    feed_pos: u64,
) -> Result<u64, Status> {
    let request = AckRequest {
        consumer: consumer.to_owned(),
        epoch,
        feed_pos,
    };
    let answer = chat.feed(&of_service()).ack(request).await?;
    Ok(answer.into_inner().feed_pos)
}

impl Consumer {
    pub(crate) async fn start(chat: &Upstream, request: ConsumeRequest) -> Self {
        Self {
            stream: consume(chat, request).await.unwrap(),
            received: VecDeque::new(),
            epoch: 0,
            reached: 0,
        }
    }

    /// The next events, exactly as many.
    pub(crate) async fn take(&mut self, count: usize) -> Vec<FeedEvent> {
        while self.received.len() < count {
            self.receive().await;
        }
        self.received.drain(..count).collect()
    }

    /// Waits until a position is reached.
    pub(crate) async fn reach(&mut self, position: u64) {
        while self.reached < position {
            self.receive().await;
        }
    }

    /// How the stream ends; what comes before is of no interest.
    pub(crate) async fn end(&mut self) -> Failure {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.stream.message());
            match next.await.expect("the stream ends in time") {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the stream ended without a reason"),
                Err(status) => return Failure::from(&status),
            }
        }
    }

    async fn receive(&mut self) {
        let next = tokio::time::timeout(PATIENCE, self.stream.message());
        let answer = next
            .await
            .unwrap_or_else(|_| panic!("nothing comes after {}", self.reached))
            .unwrap()
            .unwrap();
        assert!(answer.feed_pos > self.reached, "positions rise");
        assert!(answer.events.len() <= 256);
        for event in &answer.events {
            assert!(event.feed_pos > self.reached && event.feed_pos <= answer.feed_pos);
            self.reached = event.feed_pos;
        }
        self.epoch = answer.epoch;
        self.reached = answer.feed_pos;
        self.received.extend(answer.events);
    }
}
