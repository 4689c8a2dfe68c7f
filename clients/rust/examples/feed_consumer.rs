//! A backend that follows the feed: it counts messages by room, acknowledges what it has dealt with, and goes on where it was after any break.
//!
//! ```sh
//! KEY=$(kith key create --name analytics --scope feed --data DIR)
//! cargo run -p kith-sdk --example feed_consumer -- "http://$(cat DIR/internal.addr)" "$KEY" analytics
//! ```
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people"
)]

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use kith_api::chat::v1::{
    AckRequest, ConsumeRequest, ConsumeResponse, feed_event::Event,
    feed_service_client::FeedServiceClient, room_event::Body,
};
use tonic::{
    Code, Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};

type Feed = FeedServiceClient<InterceptedService<Channel, Key>>;

/// Presents the service key with every call.
#[derive(Clone)]
struct Key(MetadataValue<Ascii>);

impl Interceptor for Key {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request
            .metadata_mut()
            .insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// What this backend makes of the feed. In a real one: rows in its own database, written in one transaction with the position, or
/// keyed by `(room_id, seq)` so that what comes again changes nothing: the feed promises at least once.
#[derive(Default)]
struct Counts {
    messages: HashMap<String, u64>,
    events: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(key), Some(consumer)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        bail!("usage: feed_consumer http://HOST:PORT kith_sk_… NAME");
    };
    // Connects when it is first used, and again whenever the connection is lost.
    let channel = Endpoint::from_shared(address)?
        .http2_keep_alive_interval(Duration::from_secs(20))
        .connect_lazy();
    let key = Key(format!("Bearer {key}").parse().context("the key")?);
    let mut feed = FeedServiceClient::with_interceptor(channel, key);
    let mut counts = Counts::default();
    loop {
        match follow(&mut feed, &consumer, &mut counts).await {
            Ok(()) => {}
            // Our position is of another log, or somebody else consumes under our name: a person must look.
            Err(status) if !is_passing(status.code()) => return Err(status.into()),
            Err(status) => eprintln!("again in a second: {}", status.message()),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn is_passing(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Unknown
            | Code::Cancelled
            | Code::Internal
    )
}

/// Follows one stream to its end.
async fn follow(feed: &mut Feed, consumer: &str, counts: &mut Counts) -> Result<(), Status> {
    let request = ConsumeRequest {
        consumer: consumer.to_owned(),
        ..ConsumeRequest::default()
    };
    let mut stream = feed.consume(request).await?.into_inner();
    let (started, before) = (Instant::now(), counts.events);
    while let Some(answer) = stream.message().await? {
        counts.take(&answer);
        // Only when everything in it is dealt with: what is not acknowledged comes again.
        feed.ack(AckRequest {
            consumer: consumer.to_owned(),
            epoch: answer.epoch,
            feed_pos: answer.feed_pos,
        })
        .await?;
        if answer.feed_pos >= answer.head_pos {
            counts.report(started, before, answer.feed_pos);
        }
    }
    Ok(())
}

impl Counts {
    fn take(&mut self, answer: &ConsumeResponse) {
        for event in &answer.events {
            self.events += 1;
            let Some(Event::RoomEvent(event)) = &event.event else {
                continue;
            };
            // A type of a newer release is no error: it is passed over.
            if let Some(Body::MessageCreated(_)) = &event.body {
                *self.messages.entry(event.room_id.clone()).or_default() += 1;
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    fn report(&self, started: Instant, before: u64, position: u64) {
        let rate = (self.events - before) as f64 / started.elapsed().as_secs_f64();
        println!(
            "at {position}: {} events, {} messages in {} rooms; {rate:.0} events/s since the stream began",
            self.events,
            self.messages.values().sum::<u64>(),
            self.messages.len(),
        );
    }
}
