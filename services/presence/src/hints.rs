//! What presence nodes tell each other over the bus. Everything here may be lost; the store and the database have it too.

use bytes::Bytes;
use kith_api::presence::v1 as wire;
use kith_bus::{Bus, Subscription};
use prost::Message as _;

use crate::{
    domain::roster::{LeaseId, Standing},
    rpc::convert,
};

/// All hints go over one shard: every node hears all of them, because anybody may be watched anywhere.
const SHARD: u16 = 0;
/// People in one hint: a few dozen KiB.
const MAX_PEOPLE: usize = 500;

/// The bus, as one node uses it.
#[derive(Debug, Clone)]
pub(crate) struct Hints {
    bus: Bus,
    node: u64,
}

/// A hint of another node.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Hint {
    LeaseMoved {
        lease: LeaseId,
        revision: u64,
        standings: Vec<Standing>,
    },
    VisibilityChanged,
}

impl Hints {
    pub(crate) fn new(bus: Bus) -> Self {
        Self {
            bus,
            node: u64::from_ne_bytes(kith_clock::random_bytes()),
        }
    }

    /// Hears the hints of all nodes.
    pub(crate) async fn subscribe(&self) -> Subscription {
        let subscription = self.bus.subscribe();
        subscription.add(&[SHARD]).await;
        subscription
    }

    /// A lease has a new revision. Too many people for one hint are not named: the others read the lease.
    pub(crate) fn lease_moved(&self, lease: LeaseId, revision: u64, standings: &[Standing]) {
        let fits = standings.len() <= MAX_PEOPLE;
        self.publish(wire::hint::Hint::LeaseMoved(wire::LeaseMoved {
            lease_id: lease.0.to_string(),
            // A gap, when what lies between is not told.
            revision,
            people: standings
                .iter()
                .filter(|_| fits)
                .map(convert::standing)
                .collect(),
            is_partial: !fits,
        }));
    }

    /// There are new changes of who may see whom.
    pub(crate) fn visibility_changed(&self) {
        self.publish(wire::hint::Hint::VisibilityChanged(
            wire::VisibilityChanged {},
        ));
    }

    /// Reads a payload; none for one's own, and for what a later version says.
    pub(crate) fn read(&self, payload: Bytes) -> Option<Hint> {
        let hint = wire::Hint::decode(payload).ok()?;
        if hint.node == self.node {
            return None;
        }
        match hint.hint? {
            wire::hint::Hint::LeaseMoved(moved) => Some(Hint::LeaseMoved {
                lease: LeaseId(moved.lease_id.parse().ok()?),
                // What is not complete is read: a revision that follows no other says so.
                revision: if moved.is_partial {
                    u64::MAX
                } else {
                    moved.revision
                },
                standings: moved
                    .people
                    .iter()
                    .filter_map(convert::read_standing)
                    .collect(),
            }),
            wire::hint::Hint::VisibilityChanged(_) => Some(Hint::VisibilityChanged),
        }
    }

    fn publish(&self, hint: wire::hint::Hint) {
        if !self.bus.reaches_others() {
            return;
        }
        let hint = wire::Hint {
            node: self.node,
            hint: Some(hint),
        };
        metrics::counter!("kith_presence_hints_total").increment(1);
        self.bus.publish(SHARD, hint.encode_to_vec().into());
    }
}
