//! Durable sends at saturation: every sender has as many messages in flight as its load says, all the time.
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

/// Every room has this many senders, who are its receivers too.
const SEATS: usize = 10;
/// Not counted: connections warm up, Postgres fills its caches.
const WARM_UP: Duration = Duration::from_secs(2);
/// How long the last deliveries may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often a seat with nothing to read looks whether its room is complete.
const LOOK: Duration = Duration::from_millis(50);
/// Microseconds; past a minute nothing is measured any more.
const LONGEST: u64 = 60_000_000;

/// A load.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// Begins the names of its people.
    name: &'static str,
    rooms: usize,
    /// Unanswered sends of each sender, all the time.
    in_flight: u64,
}

/// 200 senders in rooms of 10, one message in flight each.
pub(crate) const ROOMS_OF_TEN: Load = Load {
    name: "send",
    rooms: 20,
    in_flight: 1,
};

/// One room of 10, 20 messages in flight each: all wait for the same row.
pub(crate) const HOT_ROOM: Load = Load {
    name: "hot",
    rooms: 1,
    in_flight: 20,
};

/// Figures of one load.
pub(crate) struct Sends {
    pub(crate) acknowledged_per_s: f64,
    pub(crate) delivered_per_s: f64,
    pub(crate) refused: u64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Processor time of each while measuring, in microseconds per acknowledged message.
    pub(crate) server_us: f64,
    pub(crate) postgres_us: f64,
    pub(crate) driver_us: f64,
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
pub(crate) async fn measure(node: &Node, load: Load, duration: Duration) -> anyhow::Result<Sends> {
    let groups = stage::groups(node, load.name, load.rooms, SEATS).await;
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
            in_flight: load.in_flight,
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
    in_flight: u64,
    room: &'a Room,
    tally: &'a Tally,
}

impl Seat<'_> {
    /// Sends until the load ends, then reads until the room is complete; answers the last `seq` seen.
    async fn run(mut self) -> anyhow::Result<u64> {
        let mut last = self.room.first;
        let mut number = self.in_flight - 1;
        let mut done_since = None;
        for number in 0..self.in_flight {
            self.say(number).await?;
        }
        loop {
            while let Some(heard) = self.client.heard()? {
                self.take(heard, &mut last, &mut number).await?;
            }
            // The clock runs for a read, not for a frame: there are ten frames in a read, and timers are not free.
            if let Ok(filled) = tokio::time::timeout(LOOK, self.client.fill()).await {
                filled?;
                continue;
            }
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
        }
    }

    async fn take(&mut self, heard: Heard, last: &mut u64, number: &mut u64) -> anyhow::Result<()> {
        match heard {
            Heard::Message { seq, sent } => {
                step(last, seq)?;
                self.tally.deliver(sent);
            }
            Heard::Event { seq } => step(last, seq)?,
            Heard::Acknowledged { seq } => {
                self.acknowledge(seq);
                if self.tally.sending.get() {
                    *number += 1;
                    self.say(*number).await?;
                }
            }
            Heard::Refused => {
                self.tally.refused.set(self.tally.refused.get() + 1);
                self.room.in_flight.set(self.room.in_flight.get() - 1);
                ensure!(
                    self.in_flight == 1,
                    "a send was refused, and which one is unknown"
                );
                // The same client_id: had it been stored after all, the answer would be the first one.
                self.say(*number).await?;
            }
            Heard::Ping => self.client.pong().await?,
            Heard::Other => {}
        }
        Ok(())
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
        let used = after - before;
        let each = |seconds: f64| seconds * 1e6 / (self.acknowledged.get().max(1)) as f64;
        Sends {
            acknowledged_per_s: self.acknowledged.get() as f64 / seconds,
            delivered_per_s: self.delivered.get() as f64 * (SEATS - 1) as f64
                / SEATS as f64
                / seconds,
            refused: self.refused.get(),
            p50_ms: latency.value_at_quantile(0.5) as f64 / 1000.0,
            p99_ms: latency.value_at_quantile(0.99) as f64 / 1000.0,
            server_us: each(used.server),
            postgres_us: each(used.postgres),
            driver_us: each(used.driver),
        }
    }
}
