//! Send to receive on an idle machine: one sender at a steady pace, nine receivers.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures::future::try_join_all;
use hdrhistogram::Histogram;
use kith_e2e::Node;

use crate::{
    client::{Client, Heard},
    stage,
};

const SEATS: usize = 10;
/// 50 messages a second.
const PACE: Duration = Duration::from_millis(20);
const WARM_UP: u64 = 50;
const PATIENCE: Duration = Duration::from_secs(15);

/// Figures of one run.
pub(crate) struct Latency {
    pub(crate) messages: u64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
}

/// Sends at the pace for `duration`, after a warm-up.
pub(crate) async fn measure(node: &Node, duration: Duration) -> anyhow::Result<Latency> {
    let group = stage::groups(node, "pace", 1, SEATS).await.remove(0);
    let room = group.id().to_string();
    let mut clients = try_join_all(group.people.iter().map(Client::connect)).await?;
    let sender = clients.remove(0);
    let messages = WARM_UP + u64::try_from(duration.as_millis() / PACE.as_millis())?;
    let begin = Instant::now();

    let receiving = try_join_all(
        clients
            .into_iter()
            .map(|client| receive(client, messages, begin)),
    );
    let limit = duration + PACE * u32::try_from(WARM_UP)? + PATIENCE;
    let both = futures::future::try_join(send(sender, &room, messages, begin), receiving);
    let ((), histograms) = tokio::time::timeout(limit, both)
        .await
        .context("messages were lost")??;

    let mut all = Histogram::<u64>::new(3)?;
    for histogram in histograms {
        all.add(histogram)?;
    }
    Ok(Latency {
        messages: messages - WARM_UP,
        p50_ms: milliseconds(all.value_at_quantile(0.5)),
        p99_ms: milliseconds(all.value_at_quantile(0.99)),
        max_ms: milliseconds(all.max()),
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds of one run are far below 2^52"
)]
fn milliseconds(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

async fn send(mut sender: Client, room: &str, messages: u64, begin: Instant) -> anyhow::Result<()> {
    let mut pace = tokio::time::interval(PACE);
    let (mut sent, mut acknowledged) = (0, 0);
    while acknowledged < messages {
        tokio::select! {
            _ = pace.tick(), if sent < messages => {
                sender.send(room, &sent.to_string(), begin).await?;
                sent += 1;
            }
            heard = sender.hear() => match heard? {
                Heard::Acknowledged { .. } => acknowledged += 1,
                Heard::Refused => anyhow::bail!("a send was refused"),
                _ => {}
            },
        }
    }
    Ok(())
}

async fn receive(
    mut client: Client,
    messages: u64,
    begin: Instant,
) -> anyhow::Result<Histogram<u64>> {
    let mut latency = Histogram::new(3)?;
    let (mut count, mut last) = (0, None);
    while count < messages {
        let Heard::Message { seq, sent } = client.hear().await? else {
            continue;
        };
        let taken = u64::try_from(begin.elapsed().as_micros())?.saturating_sub(sent);
        ensure!(
            last.is_none_or(|last| seq == last + 1),
            "a socket saw seq {seq} after {last:?}"
        );
        last = Some(seq);
        count += 1;
        if count > WARM_UP {
            latency.record(taken)?;
        }
    }
    Ok(latency)
}
