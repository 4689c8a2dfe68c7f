//! What a run costs: processor time of every party, and of whatever else runs on the machine.

use std::{fs, time::Instant};

use anyhow::Context as _;
use kith_e2e::Node;

use crate::process::{self, Stat, TICKS_PER_S};

/// Who takes part, by process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parties {
    /// Nodes; what they started is their Postgres.
    pub(crate) nodes: Vec<u32>,
    pub(crate) redis: Option<u32>,
}

impl Parties {
    /// A node alone.
    pub(crate) fn of(node: &Node) -> Self {
        Self {
            nodes: vec![node.process_id()],
            redis: None,
        }
    }
}

/// Something of each party.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Each {
    pub(crate) kith: f64,
    pub(crate) postgres: f64,
    pub(crate) redis: f64,
    pub(crate) driver: f64,
}

impl Each {
    /// All of it times a factor.
    pub(crate) fn times(self, factor: f64) -> Self {
        Self {
            kith: self.kith * factor,
            postgres: self.postgres * factor,
            redis: self.redis * factor,
            driver: self.driver * factor,
        }
    }

    /// What is on the side of the server.
    pub(crate) fn served(self) -> f64 {
        self.kith + self.postgres + self.redis
    }
}

/// Processor time between two moments, in seconds.
pub(crate) struct Spent {
    begin: (Instant, Reading),
    end: (Instant, Reading),
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    each: Each,
    /// Of the machine, without the kernel's own threads.
    all: f64,
}

impl Spent {
    /// From now on.
    pub(crate) fn begin(parties: &Parties) -> anyhow::Result<Self> {
        let reading = Reading::take(parties)?;
        let now = (Instant::now(), reading);
        Ok(Self {
            begin: now,
            end: now,
        })
    }

    /// Until now.
    pub(crate) fn end(&mut self, parties: &Parties) -> anyhow::Result<()> {
        let now = Instant::now();
        self.end = (now, Reading::take(parties)?);
        Ok(())
    }

    /// Wall time.
    pub(crate) fn seconds(&self) -> f64 {
        (self.end.0 - self.begin.0).as_secs_f64()
    }

    /// Of the parties.
    pub(crate) fn used(&self) -> Each {
        let (before, after) = (self.begin.1.each, self.end.1.each);
        Each {
            kith: after.kith - before.kith,
            postgres: after.postgres - before.postgres,
            redis: after.redis - before.redis,
            driver: after.driver - before.driver,
        }
    }

    /// Of everything else.
    pub(crate) fn foreign(&self) -> f64 {
        let used = self.used();
        let ours = used.served() + used.driver;
        (self.end.1.all - self.begin.1.all - ours).max(0.0)
    }
}

impl Reading {
    fn take(parties: &Parties) -> anyhow::Result<Self> {
        let all = process::stats()?;
        let of = |process: &u32| all.get(process).map_or(0.0, |stat| stat.own);
        let below = |(process, _): &(&u32, &Stat)| {
            let is_node = parties.nodes.contains(process);
            !is_node
                && parties
                    .nodes
                    .iter()
                    .any(|node| process::descends(&all, **process, *node))
        };
        let each = Each {
            kith: parties.nodes.iter().map(of).sum(),
            postgres: all
                .iter()
                .filter(below)
                .map(|(_, stat)| stat.own + stat.ended)
                .sum(),
            redis: parties.redis.iter().map(of).sum(),
            driver: of(&std::process::id()),
        };
        let kernel: f64 = all
            .iter()
            .filter(|(process, stat)| **process == KERNEL || stat.parent == KERNEL)
            .map(|(_, stat)| stat.own)
            .sum();
        Ok(Self {
            each,
            all: busy()? - kernel,
        })
    }
}

/// The parent of the kernel's threads.
const KERNEL: u32 = 2;

/// Seconds in which a processor of this machine did something.
fn busy() -> anyhow::Result<f64> {
    let text = fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().context("an empty /proc/stat")?;
    // user, nice, system, idle, iowait, irq, softirq, and what the hypervisor gave to somebody else; then guests, who are counted already.
    let fields: Vec<f64> = line
        .split_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    let of = |at: usize| fields.get(at).copied().unwrap_or_default();
    Ok((of(0) + of(1) + of(2) + of(5) + of(6) + of(7)) / TICKS_PER_S)
}
