//! People talk at a pace, and a backend that began before them hears it through the feed.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use futures::future::try_join_all;
use kith_api::chat::v1::{FeedEvent, FeedStart, feed_event::Event, room_event::Body};
use kith_e2e::{Group, background};
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};

use super::{
    IN_FLIGHT,
    consumer::{Consumer, Door},
};
use crate::{
    client::{Client, Heard, moment},
    numbers::{float_of, micros, milliseconds},
};

/// How long they talk.
const TALK: Duration = Duration::from_secs(10);
/// Each says what is due this often.
const TICK: Duration = Duration::from_millis(10);

/// From the sending to the backend.
pub(super) struct Lag {
    /// Sends a second.
    asked: u32,
    /// Microseconds, rising.
    lags: Vec<u64>,
    /// From the last one's acknowledgement to the last event.
    behind: Duration,
    talked: Duration,
}

impl Lag {
    pub(super) fn sentence(&self) -> String {
        let at = |percent: usize| {
            let place = (self.lags.len() * percent).div_ceil(100).saturating_sub(1);
            milliseconds(self.lags.get(place).copied().unwrap_or(0))
        };
        format!(
            "feed, while people talk ({} sends/s wanted, {:.0} stored): {} events, from send to backend p50 {:.0} ms, p99 {:.0} ms, longest {:.0} ms; \
             the last event came {:.2} s after the last send was acknowledged",
            self.asked,
            float_of(self.lags.len()) / self.talked.as_secs_f64(),
            self.lags.len(),
            at(50),
            at(99),
            at(100),
            self.behind.as_secs_f64(),
        )
    }
}

/// Talks in all groups, so much a second together, and reads along.
pub(super) async fn run(door: &Door, groups: &[Group], sends: u32) -> anyhow::Result<Lag> {
    let consumer = Consumer::open(door, "live", FeedStart::Now).await?;
    let begin = Instant::now();
    let each = f64::from(sends) / f64::from(u32::try_from(groups.len())?);
    let mut talking = Vec::with_capacity(groups.len());
    for group in groups {
        let client = Client::connect(group.owner()).await?;
        let pace = Pace { begin, each };
        talking.push(background(talk(client, group.id().to_string(), pace)));
    }
    let (heard, mut lags_heard) = mpsc::unbounded_channel();
    let reading = background(read(consumer, begin, heard));
    let mut sent = 0;
    for talked in try_join_all(talking).await? {
        sent += talked?;
    }
    let said_at = Instant::now();
    let mut lags = Vec::new();
    while lags.len() < sent {
        let more = lags_heard.recv().await;
        lags.extend(more.context("the feed ended")?);
    }
    let behind = said_at.elapsed();
    reading.abort();
    ensure!(lags.len() == sent, "{} of {sent} came", lags.len());
    lags.sort_unstable();
    Ok(Lag {
        asked: sends,
        talked: said_at - begin,
        lags,
        behind,
    })
}

/// When what is due.
#[derive(Clone, Copy)]
struct Pace {
    begin: Instant,
    /// Sends a second.
    each: f64,
}

impl Pace {
    /// How much is to be said by now.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of what a writer says in some seconds"
    )]
    fn due(self) -> usize {
        let so_far = self.begin.elapsed().min(TALK);
        (so_far.as_secs_f64() * self.each) as usize
    }
}

/// Says what is due, and gives how much was acknowledged.
async fn talk(mut writer: Client, room: String, pace: Pace) -> anyhow::Result<usize> {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut sent, mut answered) = (0, 0);
    while answered < sent || pace.begin.elapsed() < TALK {
        while sent < pace.due() && sent - answered < IN_FLIGHT {
            let client_id = format!("live-{sent}");
            writer.send(&room, &client_id, pace.begin).await?;
            sent += 1;
        }
        tokio::select! {
            heard = writer.hear() => match heard? {
                Heard::Acknowledged { .. } => answered += 1,
                Heard::Refused => bail!("a send was refused"),
                Heard::Other => {}
            },
            _ = ticks.tick() => {}
        }
    }
    Ok(sent)
}

/// Tells how old each event was when it came, in microseconds.
async fn read(
    mut consumer: Consumer,
    begin: Instant,
    heard: mpsc::UnboundedSender<Vec<u64>>,
) -> anyhow::Result<()> {
    loop {
        let events = consumer.next().await?;
        let now = micros(begin.elapsed());
        let lags = events
            .iter()
            .map(|event| now.saturating_sub(sent_at(event)));
        heard.send(lags.collect())?;
    }
}

/// The moment at the beginning of a message's text.
fn sent_at(event: &FeedEvent) -> u64 {
    let Some(Event::RoomEvent(event)) = &event.event else {
        return 0;
    };
    match &event.body {
        Some(Body::MessageCreated(message)) => moment(&message.text).unwrap_or(0),
        _ => 0,
    }
}
