//! Virtual time, and everything that lives in it.

use std::{
    cmp::Ordering,
    collections::BinaryHeap,
    time::{Duration, Instant},
};

use crate::{
    chat::Node,
    checks::Truth,
    database::Database,
    device::Phone,
    gateway::Gateway,
    plan::{Plan, Sabotage},
    random::Random,
    story::Story,
};

pub(crate) const MILLISECOND: u64 = 1_000;
pub(crate) const SECOND: u64 = 1_000_000;
/// By then everything must have healed.
const HEALING: u64 = 10 * SECOND;

/// More deeds than any schedule needs.
const MANY: u64 = 400_000;

/// Something that will be done.
pub(crate) type Deed = Box<dyn FnOnce(&mut World)>;

/// What went wrong in a run.
#[derive(Debug)]
pub struct Failure {
    /// Replays it.
    pub seed: u64,
    /// Which invariant was broken, and how.
    pub violation: String,
    /// What happened before, newest last.
    pub story: Vec<String>,
}

/// What a run contained.
#[derive(Debug, Clone, Copy, Default)]
pub struct Summary {
    /// Entries that were committed.
    pub committed: u64,
    /// Entries that devices applied.
    pub applied: u64,
    /// Deeds done.
    pub deeds: u64,
}

/// The world of one run.
pub(crate) struct World {
    pub(crate) now: u64,
    start: Instant,
    pub(crate) random: Random,
    pub(crate) plan: Plan,
    pub(crate) sabotage: Option<Sabotage>,
    pub(crate) database: Database,
    pub(crate) nodes: Vec<Node>,
    pub(crate) gateways: Vec<Gateway>,
    pub(crate) phones: Vec<Phone>,
    pub(crate) truth: Truth,
    pub(crate) story: Story,
    /// Nothing breaks any more.
    pub(crate) is_healed: bool,
    /// The database answers nobody until then.
    pub(crate) database_down_until: u64,
    agenda: BinaryHeap<Entry>,
    order: u64,
    violation: Option<String>,
    summary: Summary,
}

struct Entry {
    at: u64,
    order: u64,
    deed: Deed,
}

impl World {
    pub(crate) fn new(seed: u64, sabotage: Option<Sabotage>, is_told: bool) -> Self {
        let mut random = Random::new(seed);
        let plan = Plan::new(&mut random, sabotage);
        Self {
            now: 0,
            start: Instant::now(),
            database: Database::new(plan.rooms, plan.users, sabotage),
            nodes: (0..plan.nodes).map(|_| Node::default()).collect(),
            gateways: (0..plan.gateways).map(|_| Gateway::default()).collect(),
            phones: (0..plan.users * plan.devices)
                .map(|index| Phone::new(index / plan.devices))
                .collect(),
            random,
            plan,
            sabotage,
            truth: Truth::default(),
            story: Story::new(is_told),
            is_healed: false,
            database_down_until: 0,
            agenda: BinaryHeap::new(),
            order: 0,
            violation: None,
            summary: Summary::default(),
        }
    }

    pub(crate) fn run(&mut self) -> Result<Summary, String> {
        self.found();
        let end = self.plan_steps();
        self.until(end)?;
        self.heal();
        self.until(end + HEALING)?;
        self.check_the_end();
        match self.violation.take() {
            Some(violation) => Err(violation),
            None => Ok(Summary {
                committed: self.database.committed.len() as u64,
                applied: self.truth.applied,
                ..self.summary
            }),
        }
    }

    pub(crate) fn into_story(self) -> Vec<String> {
        self.story.into_lines("")
    }

    fn until(&mut self, end: u64) -> Result<(), String> {
        while self.agenda.peek().is_some_and(|entry| entry.at <= end) {
            let Some(entry) = self.agenda.pop() else {
                break;
            };
            self.now = entry.at;
            self.summary.deeds += 1;
            (entry.deed)(self);
            if self.summary.deeds > MANY {
                self.violate(|| "something goes round in circles".to_owned());
            }
            if let Some(violation) = &self.violation {
                return Err(violation.clone());
            }
        }
        self.now = end;
        Ok(())
    }

    /// Does something later.
    pub(crate) fn after(&mut self, delay: u64, deed: impl FnOnce(&mut Self) + 'static) {
        self.at(self.now + delay, deed);
    }

    pub(crate) fn at(&mut self, at: u64, deed: impl FnOnce(&mut Self) + 'static) {
        self.order += 1;
        self.agenda.push(Entry {
            at,
            order: self.order,
            deed: Box::new(deed),
        });
    }

    /// How long something is on its way.
    pub(crate) fn lag(&mut self) -> u64 {
        let late = if self.is_healed { 0 } else { self.plan.late };
        if self.random.chance(late) {
            self.random.between(5, 400) * MILLISECOND
        } else {
            self.random.between(200, 3_000)
        }
    }

    /// A pause, give or take a fifth.
    pub(crate) fn jittered(&mut self, pause: Duration) -> u64 {
        let micros = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
        micros * 4 / 5 + self.random.below(micros * 2 / 5 + 1)
    }

    /// This moment, for code that wants an `Instant`.
    pub(crate) fn instant(&self) -> Instant {
        self.start + Duration::from_micros(self.now)
    }

    pub(crate) fn micros(&self, instant: Instant) -> u64 {
        let since = instant.saturating_duration_since(self.start);
        // Rounded up: nothing is due before its time.
        u64::try_from(since.as_nanos().div_ceil(1_000)).unwrap_or(u64::MAX)
    }

    pub(crate) fn tell(&mut self, line: impl FnOnce() -> String) {
        self.story.tell(self.now, line);
    }

    /// An invariant is broken; the first one counts.
    pub(crate) fn violate(&mut self, violation: impl FnOnce() -> String) {
        if self.violation.is_none() {
            let violation = violation();
            self.tell(|| format!("VIOLATED: {violation}"));
            self.violation = Some(violation);
        }
    }

    /// Whether the database answers.
    pub(crate) fn has_database(&self) -> bool {
        self.now >= self.database_down_until
    }

    /// People come into rooms, and everything starts.
    fn found(&mut self) {
        for room in 0..self.plan.rooms {
            for user in 0..self.plan.users {
                if user == room || self.random.chance(700) {
                    let _ = self.database.join(room, user);
                }
            }
        }
        for node in 0..self.nodes.len() {
            self.start_node(node);
        }
        for gateway in 0..self.gateways.len() {
            self.start_gateway(gateway);
        }
        for phone in 0..self.phones.len() {
            let delay = self.random.below(SECOND);
            self.after(delay, move |world| world.switch_on(phone));
        }
    }

    /// Everything works from now on.
    fn heal(&mut self) {
        self.tell(|| "everything heals".to_owned());
        self.is_healed = true;
        self.database_down_until = 0;
        for node in 0..self.nodes.len() {
            if !self.nodes[node].is_up {
                self.start_node(node);
            }
            self.end_split(node);
        }
        for gateway in 0..self.gateways.len() {
            self.gateways[gateway].split_until = 0;
            if !self.gateways[gateway].is_up {
                self.start_gateway(gateway);
            }
        }
        for phone in 0..self.phones.len() {
            if !self.phones[phone].is_on {
                self.switch_on(phone);
            }
            self.phones[phone].is_slow = false;
            self.hurry(phone);
        }
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    /// The earliest is the greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Weak};

    use super::*;

    /// Gateways crash in some of these, and all of them end with sockets that follow rooms.
    #[test]
    fn nothing_of_a_run_outlives_it() {
        for seed in 0..20 {
            let mut world = World::new(seed, None, false);
            world.run().unwrap();
            let conns = world.gateways.iter().flat_map(|it| it.conns.values());
            let sockets: Vec<Weak<_>> = conns.map(|it| Arc::downgrade(&it.socket)).collect();
            let events = world.database.rooms.iter().flat_map(|it| &it.log);
            let events: Vec<Weak<_>> = events.map(Arc::downgrade).collect();

            drop(world);

            let sockets_left = sockets.iter().filter(|it| it.strong_count() > 0).count();
            let events_left = events.iter().filter(|it| it.strong_count() > 0).count();
            assert!(!sockets.is_empty() && !events.is_empty());
            assert_eq!((sockets_left, events_left), (0, 0), "seed {seed}");
        }
    }
}
