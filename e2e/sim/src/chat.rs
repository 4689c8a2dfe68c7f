//! Chat nodes: commit, then publish; a crash may come in between. Each tells the gateways that are subscribed to it, and the
//! bus carries it to the other nodes, or does not.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use kith_delivery::Request;
use kith_ids::{RoomId, UserId};

use crate::{
    bus::Hint,
    database::Outcome,
    plan::Sabotage,
    world::{MILLISECOND, World},
};

/// Hints of one response.
const RESPONSE: usize = 256;

/// A chat node.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) is_up: bool,
    pub(crate) generation: u64,
    /// The epoch as it looked when it was last looked at.
    pub(crate) epoch: u64,
    pub(crate) streams: Vec<Stream>,
    /// The bus is away.
    pub(crate) is_split: bool,
    /// What it published last leaves then: a node publishes in order.
    publishing_until: u64,
    next_stream: u64,
}

/// A gateway's subscription stream.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) id: u64,
    pub(crate) gateway: usize,
    gateway_generation: u64,
    rooms: BTreeSet<RoomId>,
    users: BTreeSet<UserId>,
    /// In effect on the bus, too.
    bus_rooms: BTreeSet<RoomId>,
    bus_users: BTreeSet<UserId>,
    waiting: VecDeque<Hint>,
    has_lagged: bool,
    capacity: usize,
    is_pumped: bool,
    /// What was sent last arrives then: a stream keeps its order.
    arrives: u64,
}

impl Stream {
    pub(crate) fn wants(&self, hint: &Hint, over_bus: bool) -> bool {
        match hint {
            Hint::Room(event, _) => {
                let id = crate::database::room_id(event.room);
                (if over_bus {
                    &self.bus_rooms
                } else {
                    &self.rooms
                })
                .contains(&id)
            }
            Hint::User(event) => {
                let id = crate::database::user_id(event.user);
                (if over_bus {
                    &self.bus_users
                } else {
                    &self.users
                })
                .contains(&id)
            }
            Hint::Confirmed(_) | Hint::Lagged | Hint::Epoch(_) => true,
        }
    }

    pub(crate) fn put(&mut self, hint: Hint) {
        let must_come = matches!(hint, Hint::Confirmed(_) | Hint::Lagged | Hint::Epoch(_));
        if must_come || self.waiting.len() < self.capacity {
            self.waiting.push_back(hint);
        } else {
            self.has_lagged = true;
        }
    }
}

impl World {
    pub(crate) fn start_node(&mut self, node: usize) {
        if self.nodes[node].is_up {
            return;
        }
        self.nodes[node].is_up = true;
        self.nodes[node].epoch = self.database.epoch;
        let generation = self.nodes[node].generation;
        self.tell(|| format!("node {node} is up"));
        self.after(500 * MILLISECOND, move |world| {
            world.look_at_epoch(node, generation);
        });
    }

    pub(crate) fn crash_node(&mut self, node: usize) {
        self.tell(|| format!("node {node} crashes"));
        let streams = std::mem::take(&mut self.nodes[node].streams);
        self.nodes[node].is_up = false;
        self.nodes[node].generation += 1;
        for stream in streams {
            self.break_stream(stream.gateway, stream.gateway_generation, node, stream.id);
        }
    }

    /// Another up node than all crashed ones, by chance.
    pub(crate) fn some_node(&mut self) -> Option<usize> {
        let up: Vec<usize> = (0..self.nodes.len())
            .filter(|&node| self.nodes[node].is_up)
            .collect();
        (!up.is_empty()).then(|| up[self.random.index(up.len())])
    }

    pub(crate) fn open_stream(&mut self, node: usize, gateway: usize) -> u64 {
        let capacity = if self.random.chance(300) && !self.is_healed {
            2 + self.random.index(8)
        } else {
            100_000
        };
        self.nodes[node].next_stream += 1;
        let id = self.nodes[node].next_stream;
        let epoch = Hint::Epoch(self.nodes[node].epoch);
        self.nodes[node].streams.push(Stream {
            id,
            gateway,
            gateway_generation: self.gateways[gateway].generation,
            rooms: BTreeSet::new(),
            users: BTreeSet::new(),
            bus_rooms: BTreeSet::new(),
            bus_users: BTreeSet::new(),
            waiting: [epoch].into(),
            has_lagged: false,
            capacity,
            is_pumped: false,
            arrives: 0,
        });
        id
    }

    pub(crate) fn close_stream(&mut self, node: usize, id: u64) {
        self.nodes[node].streams.retain(|stream| stream.id != id);
    }

    pub(crate) fn stream(&mut self, node: usize, id: u64) -> Option<&mut Stream> {
        let streams = &mut self.nodes[node].streams;
        streams.iter_mut().find(|stream| stream.id == id)
    }

    /// A gateway's request has arrived: takes effect here at once and on the bus a little later, and is confirmed then.
    pub(crate) fn subscribe(&mut self, node: usize, id: u64, request: Arc<Request>) {
        let is_early = self.sabotage == Some(Sabotage::ReadThenSubscribe);
        let bus_lag = self.lag() + if is_early { 300 * MILLISECOND } else { 0 };
        let Some(stream) = self.stream(node, id) else {
            return;
        };
        for room in &request.remove_rooms {
            stream.rooms.remove(room);
            stream.bus_rooms.remove(room);
        }
        for user in &request.remove_users {
            stream.users.remove(user);
            stream.bus_users.remove(user);
        }
        let confirmed = request.id;
        if is_early {
            if confirmed > 0 {
                stream.put(Hint::Confirmed(confirmed));
            }
        } else {
            stream.rooms.extend(&request.add_rooms);
            stream.users.extend(&request.add_users);
        }
        self.pump_stream(node, id);
        self.after(bus_lag, move |world| {
            if let Some(stream) = world.stream(node, id) {
                stream.rooms.extend(&request.add_rooms);
                stream.users.extend(&request.add_users);
                stream.bus_rooms.extend(&request.add_rooms);
                stream.bus_users.extend(&request.add_users);
                if confirmed > 0 && !is_early {
                    stream.put(Hint::Confirmed(confirmed));
                }
                world.pump_stream(node, id);
            }
        });
    }

    /// Hands what was committed to everybody who wants it, after the commit and in order.
    pub(crate) fn publish(&mut self, node: usize, outcome: Outcome, user_first: bool) {
        let epoch = self.nodes[node].epoch;
        let rooms = outcome
            .room_events
            .into_iter()
            .map(|event| Hint::Room(event, epoch));
        let users = outcome.user_events.into_iter().map(Hint::User);
        let hints: Vec<Hint> = if user_first {
            users.chain(rooms).collect()
        } else {
            rooms.chain(users).collect()
        };
        let at = (self.now + self.lag() / 4).max(self.nodes[node].publishing_until);
        self.nodes[node].publishing_until = at;
        let generation = self.nodes[node].generation;
        self.at(at, move |world| {
            if world.nodes[node].generation != generation {
                // It crashed between the commit and this.
                return;
            }
            for hint in hints {
                world.hand_out(node, &hint, false);
                world.send_over_bus(node, &hint);
            }
        });
    }

    /// Puts a hint into the streams of this node that want it.
    pub(crate) fn hand_out(&mut self, node: usize, hint: &Hint, over_bus: bool) {
        let mut pumped = Vec::new();
        for stream in &mut self.nodes[node].streams {
            if stream.wants(hint, over_bus) {
                stream.put(hint.clone());
                pumped.push(stream.id);
            }
        }
        for id in pumped {
            self.pump_stream(node, id);
        }
    }

    fn pump_stream(&mut self, node: usize, id: u64) {
        let lag = self.lag();
        let generation = self.nodes[node].generation;
        let Some(stream) = self.stream(node, id) else {
            return;
        };
        if stream.is_pumped || (stream.waiting.is_empty() && !stream.has_lagged) {
            return;
        }
        stream.is_pumped = true;
        self.after(lag / 2, move |world| {
            if world.nodes[node].generation == generation {
                world.send_response(node, id, lag / 2);
            }
        });
    }

    fn send_response(&mut self, node: usize, id: u64, lag: u64) {
        let now = self.now;
        let Some(stream) = self.stream(node, id) else {
            return;
        };
        stream.is_pumped = false;
        let count = stream.waiting.len().min(RESPONSE);
        let mut hints: Vec<Hint> = stream.waiting.drain(..count).collect();
        if stream.waiting.is_empty() && std::mem::take(&mut stream.has_lagged) {
            hints.push(Hint::Lagged);
        }
        stream.arrives = stream.arrives.max(now + lag);
        let (at, gateway) = (stream.arrives, stream.gateway);
        let generation = stream.gateway_generation;
        self.at(at, move |world| {
            if world.gateways[gateway].generation == generation {
                world.deliver(gateway, node, id, hints);
            }
        });
        self.pump_stream(node, id);
    }

    fn look_at_epoch(&mut self, node: usize, generation: u64) {
        if self.nodes[node].generation != generation {
            return;
        }
        let epoch = self.database.epoch;
        if self.has_database() && self.nodes[node].epoch != epoch {
            self.nodes[node].epoch = epoch;
            self.hand_out(node, &Hint::Epoch(epoch), false);
        }
        self.after(1_000 * MILLISECOND, move |world| {
            world.look_at_epoch(node, generation);
        });
    }
}
