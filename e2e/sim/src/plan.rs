//! What one run is made of: how many of everything, and which faults it knows. Each run has some faults and not others, so
//! that rare combinations are not drowned in noise.

use crate::random::Random;

/// A bug put into the world on purpose, to prove that the invariants see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// Subscriptions are confirmed before they are in effect, and nothing is compared later: what is read first is not heard of again.
    ReadThenSubscribe,
    /// A gateway hands on what comes, in the order in which it comes, and devices believe it.
    NoGapCheck,
    /// Only the newest few `client_id`s are remembered.
    ForgetfulDedup,
    /// Who left goes on being handed what is said.
    StaleMembership,
    /// What does not fit into a queue is dropped and nobody is told.
    SilentOverflow,
    /// A restored log passes for the old one.
    IgnoredEpoch,
    /// Devices forget where they stand but not what they have.
    LostCursor,
}

/// The make-up of a run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) rooms: usize,
    pub(crate) users: usize,
    pub(crate) devices: usize,
    pub(crate) gateways: usize,
    pub(crate) nodes: usize,
    /// Steps of the people.
    pub(crate) steps: usize,
    /// Longest time between two steps, in milliseconds.
    pub(crate) pace: u64,
    /// Frames that a socket's queue holds.
    pub(crate) queue: usize,
    /// Of a thousand: messages lost on the bus, repeated, late; questions that fail.
    pub(crate) lost: u64,
    pub(crate) repeated: u64,
    pub(crate) late: u64,
    pub(crate) unanswered: u64,
    /// Of a thousand steps: each kind of trouble.
    pub(crate) flaps: u64,
    pub(crate) crashes: u64,
    pub(crate) gateway_crashes: u64,
    pub(crate) node_crashes: u64,
    pub(crate) splits: u64,
    pub(crate) slow: u64,
    pub(crate) churn: u64,
    pub(crate) restores: u64,
    pub(crate) floods: u64,
    pub(crate) outages: u64,
}

impl Plan {
    pub(crate) fn new(random: &mut Random, sabotage: Option<Sabotage>) -> Self {
        let mut some = |per_mille: u64| {
            let rate = random.between(1, per_mille);
            if random.chance(500) { rate } else { 0 }
        };
        let (lost, repeated, late, unanswered) = (some(300), some(300), some(300), some(80));
        let (flaps, crashes) = (some(80), some(60));
        let (gateway_crashes, node_crashes, splits) = (some(30), some(40), some(30));
        let (slow, churn, outages) = (some(60), some(150), some(20));
        let (restores, floods) = (some(12), some(400).saturating_sub(395));
        let mut plan = Self {
            rooms: 1 + random.index(3),
            users: 2 + random.index(3),
            devices: 1 + random.index(2),
            gateways: 1 + random.index(2),
            nodes: 1 + random.index(2),
            steps: 30 + random.index(60),
            pace: 1 + random.below(400),
            queue: if random.chance(500) {
                4_096
            } else {
                3 + random.index(12)
            },
            lost,
            repeated,
            late,
            unanswered,
            flaps,
            crashes,
            gateway_crashes,
            node_crashes,
            splits,
            slow,
            churn,
            restores,
            floods,
            outages,
        };
        plan.provoke(sabotage);
        plan
    }

    /// Brings about what the sabotaged part is for.
    fn provoke(&mut self, sabotage: Option<Sabotage>) {
        match sabotage {
            None | Some(Sabotage::LostCursor) => {}
            Some(Sabotage::ReadThenSubscribe) => {
                (self.flaps, self.crashes, self.churn) = (80, 60, 150);
                (
                    self.lost,
                    self.node_crashes,
                    self.splits,
                    self.gateway_crashes,
                ) = (0, 0, 0, 0);
                (self.pace, self.outages, self.unanswered, self.restores) = (40, 0, 0, 0);
            }
            Some(Sabotage::NoGapCheck) => {
                (self.nodes, self.lost) = (2, 300);
                self.restores = 0;
            }
            Some(Sabotage::ForgetfulDedup) => (self.flaps, self.unanswered) = (80, 80),
            Some(Sabotage::StaleMembership) => self.churn = 150,
            Some(Sabotage::SilentOverflow) => (self.slow, self.queue) = (60, 4),
            Some(Sabotage::IgnoredEpoch) => self.restores = 20,
        }
    }
}
