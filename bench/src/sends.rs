//! Durable sends at saturation: every sender has one message in flight, all the time.
//!
//! Nothing lost, nothing twice, in order: every socket must see its room's `seq` rise by one from the room's beginning
//! to the highest acknowledged one, and the acknowledgements of a room must be as many as its messages.

use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};

use anyhow::ensure;
use futures::future::{join_all, try_join_all};
use hdrhistogram::Histogram;
use kith_e2e::{Group, Node};

use crate::{
    client::{Client, Heard},
    process::{self, Cpu},
    stage,
};

const ROOMS: usize = 20;
const SEATS: usize = 10;
/// Not counted: connections warm up, Postgres fills its caches.
const WARM_UP: Duration = Duration::from_secs(2);
/// How long the last deliveries may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often a seat with nothing to read looks whether its room is complete.
const LOOK: Duration = Duration::from_millis(50);
/// Microseconds; past a minute nothing is measured any more.
const LONGEST: u64 = 60_000_000;

/// Figures of one load.
pub(crate) struct Sends {
    pub(crate) acknowledged_per_s: f64,
    pub(crate) delivered_per_s: f64,
    pub(crate) refused: u64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Processors used while measuring.
    pub(crate) server_cpu: f64,
    pub(crate) driver_cpu: f64,
}

/// One room while it is under load.
struct Room {
    id: String,
    /// Head when the load began.
    first: u64,
    /// Highest acknowledged `seq`.
    head: Cell<u64>,
    acknowledged: Cell<u64>,
    in_flight: Cell<usize>,
}

/// What all seats count together.
struct Tally {
    begin: Instant,
    measuring: Cell<bool>,
    sending: Cell<bool>,
    acknowledged: Cell<u64>,
    delivered: Cell<u64>,
    refused: Cell<u64>,
    latency: RefCell<Histogram<u64>>,
}

/// Runs the load for the warm-up and `duration`.
pub(crate) async fn measure(node: &Node, duration: Duration) -> anyhow::Result<Sends> {
    let groups = stage::groups(node, "send", ROOMS, SEATS).await;
    let rooms: Vec<Room> = groups.iter().map(Room::of).collect();
    let connecting = groups
        .iter()
        .flat_map(|group| &group.people)
        .map(Client::connect);
    let clients = try_join_all(connecting).await?;
    let tally = Tally::begin()?;

    let seats = clients.into_iter().enumerate().map(|(n, client)| {
        let seat = Seat {
            client,
            name: n.to_string(),
            room: &rooms[n / SEATS],
            tally: &tally,
        };
        seat.run()
    });
    let (ends, used) = futures::join!(join_all(seats), direct(node, &tally, duration));
    for (n, end) in ends.into_iter().enumerate() {
        let last = end?;
        let room = &rooms[n / SEATS];
        ensure!(
            last == room.head.get(),
            "a socket ended at {last} of {}: messages were lost",
            room.head.get()
        );
    }
    for (room, group) in rooms.iter().zip(&groups) {
        room.verify(group).await?;
    }
    Ok(tally.figures(duration, used?))
}

/// Ends the warm-up, then the measurement, then the sending.
async fn direct(node: &Node, tally: &Tally, duration: Duration) -> anyhow::Result<(Cpu, Cpu)> {
    tokio::time::sleep(WARM_UP).await;
    let before = process::cpu_of(node)?;
    tally.measuring.set(true);
    tokio::time::sleep(duration).await;
    tally.measuring.set(false);
    tally.sending.set(false);
    Ok((before, process::cpu_of(node)?))
}

/// One sender, who is also one of the ten receivers of their room.
struct Seat<'a> {
    client: Client,
    name: String,
    room: &'a Room,
    tally: &'a Tally,
}

impl Seat<'_> {
    /// Sends until the load ends, then reads until the room is complete; answers the last `seq` seen.
    async fn run(mut self) -> anyhow::Result<u64> {
        let mut last = self.room.first;
        let mut number = 0_u64;
        let mut done_since = None;
        self.say(number).await?;
        loop {
            let heard = tokio::time::timeout(LOOK, self.client.hear()).await;
            let Ok(heard) = heard else {
                if self.tally.sending.get() {
                    continue;
                }
                if self.room.in_flight.get() == 0 && last >= self.room.head.get() {
                    return Ok(last);
                }
                let since: Instant = *done_since.get_or_insert_with(Instant::now);
                if since.elapsed() > PATIENCE {
                    return Ok(last);
                }
                continue;
            };
            match heard? {
                Heard::Message { seq, sent } => {
                    step(&mut last, seq)?;
                    self.tally.deliver(sent);
                }
                Heard::Event { seq } => step(&mut last, seq)?,
                Heard::Acknowledged { seq } => {
                    self.acknowledge(seq);
                    if self.tally.sending.get() {
                        number += 1;
                        self.say(number).await?;
                    }
                }
                Heard::Refused => {
                    self.tally.refused.set(self.tally.refused.get() + 1);
                    self.room.in_flight.set(self.room.in_flight.get() - 1);
                    // The same client_id: had it been stored after all, the answer would be the first one.
                    self.say(number).await?;
                }
                Heard::Other => {}
            }
        }
    }

    async fn say(&mut self, number: u64) -> anyhow::Result<()> {
        self.room.in_flight.set(self.room.in_flight.get() + 1);
        let client_id = format!("{}-{number}", self.name);
        self.client
            .send(&self.room.id, &client_id, self.tally.begin)
            .await
    }

    fn acknowledge(&self, seq: u64) {
        let (room, tally) = (self.room, self.tally);
        room.in_flight.set(room.in_flight.get() - 1);
        room.head.set(room.head.get().max(seq));
        room.acknowledged.set(room.acknowledged.get() + 1);
        if tally.measuring.get() {
            tally.acknowledged.set(tally.acknowledged.get() + 1);
        }
    }
}

/// Moves on by exactly one.
fn step(last: &mut u64, seq: u64) -> anyhow::Result<()> {
    ensure!(seq == *last + 1, "a socket saw seq {seq} after {last}");
    *last = seq;
    Ok(())
}

impl Room {
    fn of(group: &Group) -> Self {
        Self {
            id: group.id().to_string(),
            first: group.room.last_seq,
            head: Cell::new(group.room.last_seq),
            acknowledged: Cell::new(0),
            in_flight: Cell::new(0),
        }
    }

    async fn verify(&self, group: &Group) -> anyhow::Result<()> {
        let stored = group.owner().api.room(group.id()).await?.last_seq;
        let (head, acknowledged) = (self.head.get(), self.acknowledged.get());
        ensure!(
            stored == head,
            "the room is at {stored}, the highest acknowledged message at {head}"
        );
        ensure!(
            head - self.first == acknowledged,
            "{acknowledged} acknowledgements for {} messages",
            head - self.first
        );
        Ok(())
    }
}

impl Tally {
    fn begin() -> anyhow::Result<Self> {
        Ok(Self {
            begin: Instant::now(),
            measuring: Cell::new(false),
            sending: Cell::new(true),
            acknowledged: Cell::new(0),
            delivered: Cell::new(0),
            refused: Cell::new(0),
            latency: RefCell::new(Histogram::new_with_max(LONGEST, 3)?),
        })
    }

    /// Counts a delivery, the sender's own copy included: it is a tenth of them, and not slower than the others'.
    fn deliver(&self, sent: u64) {
        if !self.measuring.get() {
            return;
        }
        self.delivered.set(self.delivered.get() + 1);
        let now = u64::try_from(self.begin.elapsed().as_micros()).unwrap_or(LONGEST);
        self.latency
            .borrow_mut()
            .saturating_record(now.saturating_sub(sent).max(1));
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of one run are far below 2^52"
    )]
    fn figures(&self, duration: Duration, (before, after): (Cpu, Cpu)) -> Sends {
        let seconds = duration.as_secs_f64();
        let latency = self.latency.borrow();
        Sends {
            acknowledged_per_s: self.acknowledged.get() as f64 / seconds,
            delivered_per_s: self.delivered.get() as f64 * (SEATS - 1) as f64
                / SEATS as f64
                / seconds,
            refused: self.refused.get(),
            p50_ms: latency.value_at_quantile(0.5) as f64 / 1000.0,
            p99_ms: latency.value_at_quantile(0.99) as f64 / 1000.0,
            server_cpu: (after.server - before.server) / seconds,
            driver_cpu: (after.driver - before.driver) / seconds,
        }
    }
}
