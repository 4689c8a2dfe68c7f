//! How fast a backend reads the feed: a log that is there already, from its beginning, acknowledged answer by answer; and how far it is
//! behind while people talk.

mod consumer;
mod live;

use std::{
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::ensure;
use futures::future::try_join_all;
use kith_api::chat::v1::FeedStart;
use kith_e2e::{Group, Person, group};

use self::consumer::{Consumer, Door};
use crate::{
    client::{Client, Heard},
    numbers::float_of,
    stage,
};

/// Rooms that the messages are spread over, and who is in all of them.
const ROOMS: usize = 20;
const SEATS: usize = 2;
/// Unanswered sends of each writer.
const IN_FLIGHT: usize = 50;

/// Fills a log, reads it as a feed, talks, and prints how fast all that went.
pub(crate) async fn run(kith: &Path, messages: usize, sends: u32) -> anyhow::Result<()> {
    let mut node = stage::node(kith).await;
    let people = Person::sign_up_crowd(&node, "feed", SEATS).await;
    let mut groups = Vec::with_capacity(ROOMS);
    for _ in 0..ROOMS {
        groups.push(group("Feed", &people).await);
    }
    let each = messages.div_ceil(ROOMS);
    try_join_all(groups.iter().map(|group| fill(group, each))).await?;
    let key = node
        .operate(&["key", "create", "--name", "bench", "--scope", "feed"])
        .await;
    let door = Door::new(&node.internal_address(), key.trim())?;
    let all = each * ROOMS;
    for (consumer, what) in [
        ("first", "with positions still to be given"),
        ("again", "again"),
    ] {
        let seconds = read(&door, consumer, all).await?.as_secs_f64();
        print(&format!(
            "feed, {what}: {all} events in {seconds:.2} s, {:.0} events/s",
            float_of(all) / seconds
        ))?;
    }
    let lag = live::run(&door, &groups, sends).await?;
    let end = node.stop().await;
    ensure!(end.success(), "kith ended with {end}");
    print(&lag.sentence())
}

fn print(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}

/// Says so much in a room.
async fn fill(group: &Group, messages: usize) -> anyhow::Result<()> {
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
async fn read(door: &Door, name: &str, all: usize) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    let mut consumer = Consumer::open(door, name, FeedStart::Beginning).await?;
    let mut events = 0;
    while events < all {
        events += consumer.next().await?.len();
    }
    ensure!(events == all, "{events} events came");
    Ok(begin.elapsed())
}
