//! How fast a backend reads the feed: a log that is there already, from its beginning, acknowledged answer by answer.

use std::{
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use futures::future::try_join_all;
use kith_api::chat::v1::{
    AckRequest, ConsumeRequest, FeedEventType, feed_service_client::FeedServiceClient,
};
use kith_e2e::{Group, Node, Person, group, within};
use tonic::{Request, metadata::AsciiMetadataValue, transport::Endpoint};

use crate::{
    client::{Client, Heard},
    stage,
};

/// Rooms that the messages are spread over, and who is in all of them.
const ROOMS: usize = 20;
const SEATS: usize = 2;
/// Unanswered sends of each writer.
const IN_FLIGHT: u64 = 50;
/// Nothing for so long: the feed has stopped.
const PATIENCE: Duration = Duration::from_secs(15);
/// Fills a log, reads it as a feed, and prints how fast that went.
pub(crate) async fn run(kith: &Path, messages: u64) -> anyhow::Result<()> {
    let mut node = stage::node(kith).await;
    let people = Person::sign_up_crowd(&node, "feed", SEATS).await;
    let mut groups = Vec::with_capacity(ROOMS);
    for _ in 0..ROOMS {
        groups.push(group("Feed", &people).await);
    }
    let each = messages.div_ceil(ROOMS as u64);
    try_join_all(groups.iter().map(|group| fill(group, each))).await?;
    let key = node
        .operate(&["key", "create", "--name", "bench", "--scope", "feed"])
        .await;
    let all = each * ROOMS as u64;
    let first = consume(&node, key.trim(), ("first", all)).await?;
    let again = consume(&node, key.trim(), ("again", all)).await?;
    let end = node.stop().await;
    ensure!(end.success(), "kith ended with {end}");
    let mut out = std::io::stdout().lock();
    for (what, took) in [
        ("with positions still to be given", first),
        ("again", again),
    ] {
        let seconds = took.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = all as f64 / seconds;
        writeln!(
            out,
            "feed, {what}: {all} events in {seconds:.2} s, {rate:.0} events/s"
        )?;
    }
    Ok(())
}

/// Says so much in a room.
async fn fill(group: &Group, messages: u64) -> anyhow::Result<()> {
    let room = group.id().to_string();
    let mut writer = Client::connect(group.owner()).await?;
    let (begin, mut sent, mut answered) = (Instant::now(), 0, 0);
    while answered < messages {
        while sent < messages && sent - answered < IN_FLIGHT {
            writer.send(&room, &sent.to_string(), begin).await?;
            sent += 1;
        }
        match writer.hear().await? {
            Heard::Acknowledged { .. } => answered += 1,
            Heard::Refused => anyhow::bail!("a send was refused"),
            Heard::Other => {}
        }
    }
    Ok(())
}

/// Reads so many messages from the beginning, as a consumer that did not exist before.
async fn consume(node: &Node, key: &str, (consumer, all): (&str, u64)) -> anyhow::Result<Duration> {
    let address = format!("http://{}", node.internal_address());
    let mut feed = FeedServiceClient::new(Endpoint::from_shared(address)?.connect_lazy());
    let key: AsciiMetadataValue = format!("Bearer {key}").parse()?;
    let begin = Instant::now();
    let request = ConsumeRequest {
        consumer: consumer.to_owned(),
        event_types: vec![FeedEventType::MessageCreated.into()],
        ..ConsumeRequest::default()
    };
    let mut stream = feed.consume(with(&key, request)).await?.into_inner();
    let mut events = 0;
    loop {
        let answer = within(PATIENCE, "the feed goes on", stream.message()).await?;
        let answer = answer.context("the feed ended")?;
        events += answer.events.len() as u64;
        let request = AckRequest {
            consumer: consumer.to_owned(),
            epoch: answer.epoch,
            feed_pos: answer.feed_pos,
        };
        feed.ack(with(&key, request)).await?;
        ensure!(events <= all, "{events} events came");
        if events == all {
            return Ok(begin.elapsed());
        }
    }
}

fn with<T>(key: &AsciiMetadataValue, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", key.clone());
    request
}
