//! What can be measured: limits of this machine first, then Kith beside them. Each workload is a file, starts what it needs and ends it.

mod big_room;
mod half;
mod history;
mod hot_room;
mod idle;
mod latency;
mod reads;
mod room_size;
mod rooms_of_ten;
mod runs;
mod sends;
mod two_nodes;

pub(crate) use big_room::{QUICK_SEATS, SEATS};
pub(crate) use runs::Runs;

use std::{io::Write as _, path::PathBuf, time::Duration};

use clap::ValueEnum;

use crate::{
    findings::{Findings, Section},
    limits,
    load::Span,
};

/// What can be measured, in the order in which it is: later ones compare themselves with earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    /// Limit: the same Postgres without Kith, under pgbench: plain transactions, one statement, one hot room, batches.
    Postgres,
    /// Limit: a bare WebSocket server without storage, one room of 500.
    Raw,
    /// Limit: Redis publish, pipelined and not, with and without subscribers.
    Redis,
    /// 200 senders in rooms of 10, one message in flight each.
    Sends,
    /// One room of 10, 20 messages in flight each.
    HotRoom,
    /// 50 messages a second in rooms of 10: send to receive.
    Latency,
    /// Half of what `sends` reached, steadily: send to receive.
    Half,
    /// 200 messages a second in rooms of 10, and everybody reads what they hear: read to answer.
    Reads,
    /// One room of 500 at saturation, beside `raw`.
    BigRoom,
    /// Rooms of 10 to 5,000: processor time for each delivery.
    RoomSize,
    /// Idle sockets, each in ten rooms: memory for each.
    Idle,
    /// Rooms with 1,000 to 1,000,000 messages: page, unread count, room list, append.
    History,
    /// Two nodes over Redis against one.
    TwoNodes,
}

/// How thoroughly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Runs of each load; medians are shown.
    pub(crate) runs: usize,
    pub(crate) span: Span,
    /// A tenth of the sizes, for trying the bench itself.
    pub(crate) quick: bool,
    pub(crate) profile: bool,
}

/// A bench under way.
pub(crate) struct Bench {
    pub(crate) kith: PathBuf,
    pub(crate) plan: Plan,
    pub(crate) findings: Findings,
}

impl Plan {
    /// Three runs of `seconds` each.
    pub(crate) fn full(seconds: u64) -> Self {
        Self {
            runs: 3,
            span: Span {
                warm_up: Duration::from_secs(2),
                measured: Duration::from_secs(seconds),
            },
            quick: false,
            profile: true,
        }
    }

    /// One short run, small sizes.
    pub(crate) fn quick() -> Self {
        Self {
            runs: 1,
            span: Span {
                warm_up: Duration::from_millis(500),
                measured: Duration::from_secs(1),
            },
            quick: true,
            profile: true,
        }
    }

    /// A size, or a smaller one when quick.
    pub(crate) fn size(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }
}

impl Bench {
    /// Measures one workload.
    pub(crate) async fn measure(&mut self, workload: Workload) -> anyhow::Result<Section> {
        match workload {
            Workload::Postgres => limits::postgres::measure(self).await,
            Workload::Raw => limits::raw::measure(self),
            Workload::Redis => limits::redis::measure(self).await,
            Workload::Sends => sends::measure(self).await,
            Workload::HotRoom => hot_room::measure(self).await,
            Workload::Latency => latency::measure(self).await,
            Workload::Half => half::measure(self).await,
            Workload::Reads => reads::measure(self).await,
            Workload::BigRoom => big_room::measure(self).await,
            Workload::RoomSize => room_size::measure(self).await,
            Workload::Idle => idle::measure(self).await,
            Workload::History => history::measure(self).await,
            Workload::TwoNodes => two_nodes::measure(self).await,
        }
    }
}

/// Tells whoever waits what is being done.
pub(crate) fn say(what: &str) {
    // Nobody may be there to read it.
    let _ = writeln!(std::io::stderr(), "    {what}");
}
