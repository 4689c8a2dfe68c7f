//! The bus between chat nodes: loses, repeats, delays and reorders, and says afterwards that it was away.

use std::sync::Arc;

use crate::{
    database::{RoomEvent, UserEvent},
    world::World,
};

/// What a gateway is told over its stream.
#[derive(Debug, Clone)]
pub(crate) enum Hint {
    /// With the epoch that the publishing node knows.
    Room(Arc<RoomEvent>, u64),
    User(Arc<UserEvent>),
    Confirmed(u64),
    Lagged,
    Epoch(u64),
}

impl World {
    pub(crate) fn send_over_bus(&mut self, from: usize, hint: &Hint) {
        if self.nodes[from].is_split {
            return;
        }
        for to in 0..self.nodes.len() {
            if to == from || !self.nodes[to].is_up || self.nodes[to].is_split {
                continue;
            }
            let is_heard = self.nodes[to]
                .streams
                .iter()
                .any(|stream| stream.wants(hint, true));
            if !is_heard {
                continue;
            }
            let (lost, repeated) = if self.is_healed {
                (0, 0)
            } else {
                (self.plan.lost, self.plan.repeated)
            };
            if self.random.chance(lost) {
                self.tell(|| format!("the bus loses {hint:?}"));
                continue;
            }
            let copies = 1 + u64::from(self.random.chance(repeated));
            for _ in 0..copies {
                // Each on its own way: they overtake each other.
                self.carry(to, hint.clone());
            }
        }
    }

    /// One copy goes to a node, which may die before it comes.
    fn carry(&mut self, to: usize, hint: Hint) {
        let lag = self.lag();
        let generation = self.nodes[to].generation;
        self.after(lag, move |world| {
            if world.nodes[to].generation == generation {
                world.hand_out(to, &hint, false);
            }
        });
    }

    /// The bus is away for a node.
    pub(crate) fn split(&mut self, node: usize) {
        self.tell(|| format!("node {node} loses the bus"));
        self.nodes[node].is_split = true;
    }

    /// It is back, and what came meanwhile is lost; the node says so.
    pub(crate) fn end_split(&mut self, node: usize) {
        if std::mem::take(&mut self.nodes[node].is_split) {
            self.tell(|| format!("node {node} has the bus again"));
            self.hand_out(node, &Hint::Lagged, false);
        }
    }
}
