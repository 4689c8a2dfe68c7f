//! Gateways: the real logs and subscriptions, with a stream that breaks, questions that fail, and crashes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use kith_delivery::{
    AnySlot, Effects, Establishing, Filling, Heads, INTERVAL, Key, Logs, Page, Pulse, Slot,
    Subscriptions,
};
use kith_ids::{RoomId, UserId};

use crate::{
    bus::Hint,
    database::{RoomEvent, UserEvent, room_id, room_of, user_id},
    hello::Conn,
    plan::Sabotage,
    socket::{Entry, Socket, Wire},
    world::{MILLISECOND, SECOND, World},
};

/// Between two heartbeats of a socket.
pub(crate) const HEARTBEAT: u64 = 25 * SECOND;
/// Entries a reading; few, so that readings have several pages.
const PAGE: usize = 7;

/// A gateway.
#[derive(Debug, Default)]
pub(crate) struct Gateway {
    pub(crate) is_up: bool,
    pub(crate) generation: u64,
    pub(crate) logs: Arc<Logs<Socket>>,
    subscriptions: Subscriptions<Socket>,
    /// The node and its stream.
    stream: Option<(usize, u64)>,
    requests_arrive: u64,
    pub(crate) conns: BTreeMap<u64, Conn>,
    pub(crate) next_socket: u64,
    /// It cannot reach chat until then.
    pub(crate) split_until: u64,
}

impl Drop for Gateway {
    /// A socket holds its rooms' logs, and they hold it: a process takes both with it, here somebody has to let go.
    fn drop(&mut self) {
        for conn in self.conns.values() {
            self.logs.leave(&conn.socket);
        }
    }
}

impl World {
    pub(crate) fn start_gateway(&mut self, gateway: usize) {
        self.tell(|| format!("gateway {gateway} is up"));
        self.gateways[gateway].is_up = true;
        let generation = self.gateways[gateway].generation;
        self.connect_stream(gateway, generation);
        self.beat(gateway, generation);
    }

    pub(crate) fn crash_gateway(&mut self, gateway: usize) {
        self.tell(|| format!("gateway {gateway} crashes"));
        let generation = self.gateways[gateway].generation + 1;
        let crashed = std::mem::take(&mut self.gateways[gateway]);
        self.gateways[gateway].generation = generation;
        self.gateways[gateway].next_socket = crashed.next_socket;
        if let Some((node, id)) = crashed.stream {
            self.close_stream(node, id);
        }
        for conn in crashed.conns.values() {
            let (phone, number) = (conn.phone, conn.number);
            let lag = self.lag();
            self.after(lag, move |world| world.link_lost(phone, number));
        }
    }

    /// Calls the logs of a gateway, and carries out what is to be done because of it.
    pub(crate) fn with_logs<T>(
        &mut self,
        gateway: usize,
        call: impl FnOnce(&Arc<Logs<Socket>>, &mut Effects<Socket>) -> T,
    ) -> T {
        let mut effects = Effects::default();
        let logs = self.gateways[gateway].logs.clone();
        let answer = call(&logs, &mut effects);
        self.carry_out(gateway, effects);
        answer
    }

    fn carry_out(&mut self, gateway: usize, effects: Effects<Socket>) {
        let generation = self.gateways[gateway].generation;
        if effects.has_changes {
            self.send_requests(gateway);
        }
        if effects.starts_over {
            self.tell(|| format!("gateway {gateway} meets another epoch"));
            for socket in self.socket_ids(gateway) {
                self.close_socket(gateway, socket, Duration::ZERO);
            }
        }
        for wanted in effects.readings {
            let patience = u64::try_from(wanted.patience.as_micros()).unwrap_or(0);
            self.after(patience, move |world| match wanted.slot {
                AnySlot::Room(slot) => {
                    world.fill(gateway, generation, slot, Filling::default());
                }
                AnySlot::User(slot) => {
                    world.fill(gateway, generation, slot, Filling::default());
                }
            });
        }
        if !effects.established.is_empty() {
            for socket in self.socket_ids(gateway) {
                self.go_on_opening(gateway, socket);
            }
        }
        for socket in effects.wakes {
            self.pump_socket(gateway, socket);
        }
    }

    pub(crate) fn socket_ids(&self, gateway: usize) -> Vec<u64> {
        self.gateways[gateway].conns.keys().copied().collect()
    }

    /// Asks some chat node something. The answer may be lost on the way there or on the way back.
    pub(crate) fn ask<T: 'static>(
        &mut self,
        gateway: usize,
        question: impl FnOnce(&mut Self, usize) -> Option<T> + 'static,
        answered: impl FnOnce(&mut Self, Option<T>) + 'static,
    ) {
        let generation = self.gateways[gateway].generation;
        let unanswered = if self.is_healed {
            0
        } else {
            self.plan.unanswered
        };
        let (is_lost, is_answer_lost) = (
            self.random.chance(unanswered),
            self.random.chance(unanswered),
        );
        let (there, back) = (self.lag(), self.lag());
        self.after(there, move |world| {
            let reaches = !is_lost && world.gateways[gateway].split_until <= world.now;
            let node = if reaches { world.some_node() } else { None };
            let answer = match node {
                Some(node) if world.has_database() => question(world, node),
                _ => None,
            };
            let answer = answer.filter(|_| !is_answer_lost);
            world.after(back, move |world| {
                if world.gateways[gateway].generation == generation {
                    answered(world, answer);
                }
            });
        });
    }

    fn connect_stream(&mut self, gateway: usize, generation: u64) {
        let lag = self.lag();
        self.after(lag, move |world| {
            if world.gateways[gateway].generation != generation
                || world.gateways[gateway].stream.is_some()
            {
                return;
            }
            let is_split = world.gateways[gateway].split_until > world.now;
            let Some(node) = world.some_node().filter(|_| !is_split) else {
                let pause = world.random.between(50, 2_000) * MILLISECOND;
                world.after(pause, move |world| {
                    world.connect_stream(gateway, generation);
                });
                return;
            };
            let id = world.open_stream(node, gateway);
            let own = &mut world.gateways[gateway];
            own.stream = Some((node, id));
            own.requests_arrive = world.now;
            own.subscriptions.begin(&own.logs);
            world.tell(|| format!("gateway {gateway} follows node {node}"));
            world.send_requests(gateway);
        });
    }

    /// A stream of this gateway broke.
    pub(crate) fn break_stream(&mut self, gateway: usize, generation: u64, node: usize, id: u64) {
        let lag = self.lag();
        self.after(lag, move |world| {
            let own = &mut world.gateways[gateway];
            if own.generation == generation && own.stream == Some((node, id)) {
                own.stream = None;
                let pause = world.random.between(35, 300) * MILLISECOND;
                world.after(pause, move |world| {
                    world.connect_stream(gateway, generation);
                });
            }
        });
    }

    /// The gateway cannot reach chat for a while.
    pub(crate) fn split_gateway(&mut self, gateway: usize, until: u64) {
        self.tell(|| format!("gateway {gateway} loses chat"));
        self.gateways[gateway].split_until = until;
        if let Some((node, id)) = self.gateways[gateway].stream {
            self.close_stream(node, id);
            let generation = self.gateways[gateway].generation;
            self.break_stream(gateway, generation, node, id);
        }
    }

    fn send_requests(&mut self, gateway: usize) {
        let Some((node, id)) = self.gateways[gateway].stream else {
            return;
        };
        let node_generation = self.nodes[node].generation;
        let own = &mut self.gateways[gateway];
        own.subscriptions.gather(&own.logs);
        while let Some(request) = self.gateways[gateway].subscriptions.next_request() {
            let at = (self.now + self.lag()).max(self.gateways[gateway].requests_arrive);
            self.gateways[gateway].requests_arrive = at;
            let request = Arc::new(request);
            self.at(at, move |world| {
                if world.nodes[node].generation == node_generation {
                    world.subscribe(node, id, request);
                }
            });
        }
    }

    /// What a stream brought.
    pub(crate) fn deliver(&mut self, gateway: usize, node: usize, id: u64, hints: Vec<Hint>) {
        if self.gateways[gateway].stream != Some((node, id)) {
            return;
        }
        for hint in hints {
            match hint {
                Hint::Confirmed(request) => {
                    let own = &mut self.gateways[gateway];
                    if let Some(establishing) = own.subscriptions.confirmed(request) {
                        self.establish(gateway, establishing);
                    }
                }
                Hint::Lagged => self.compare(gateway, true),
                Hint::Epoch(epoch) => {
                    let epoch = self.seen(epoch);
                    self.with_logs(gateway, |logs, effects| logs.meet_epoch(epoch, effects));
                }
                Hint::Room(event, _) if self.sabotage == Some(Sabotage::NoGapCheck) => {
                    self.push_unchecked(gateway, &event);
                }
                Hint::Room(event, epoch) => self.receive_room_event(gateway, &event, epoch),
                Hint::User(event) => self.receive_user_event(gateway, &event),
            }
        }
    }

    fn receive_room_event(&mut self, gateway: usize, event: &Arc<RoomEvent>, epoch: u64) {
        let (epoch, entry) = (self.seen(epoch), self.room_entry(event));
        self.with_logs(gateway, |logs, effects| {
            let id = room_id(event.room);
            if let Some(slot) = logs.room_of_epoch(epoch, id, effects) {
                logs.receive(&slot, entry, effects);
            }
        });
    }

    fn receive_user_event(&mut self, gateway: usize, event: &Arc<UserEvent>) {
        let entry = self.user_entry(event);
        self.with_logs(gateway, |logs, effects| {
            if let Some(slot) = logs.user(user_id(event.user)) {
                logs.receive(&slot, entry, effects);
            }
        });
    }

    /// The epoch as a gateway sees it.
    pub(crate) fn seen(&self, epoch: u64) -> u64 {
        if self.sabotage == Some(Sabotage::IgnoredEpoch) {
            1
        } else {
            epoch
        }
    }

    pub(crate) fn room_entry(&self, event: &Arc<RoomEvent>) -> Entry {
        let effect = if self.sabotage == Some(Sabotage::StaleMembership) {
            kith_delivery::Effect::None
        } else {
            event.effect()
        };
        Entry {
            seq: event.seq,
            effect,
            learned_at: self.instant(),
            frame: Wire::Room(event.clone()),
        }
    }

    pub(crate) fn user_entry(&self, event: &Arc<UserEvent>) -> Entry {
        let is_kept = self.sabotage == Some(Sabotage::StaleMembership)
            && event.turn().is_some_and(|turn| turn.1);
        Entry {
            seq: event.useq,
            effect: if is_kept {
                kith_delivery::Effect::None
            } else {
                event.effect()
            },
            learned_at: self.instant(),
            frame: Wire::User(event.clone()),
        }
    }

    /// Anti-entropy, every few seconds.
    fn beat(&mut self, gateway: usize, generation: u64) {
        let pause = self.jittered(INTERVAL);
        self.after(pause, move |world| {
            if world.gateways[gateway].generation != generation {
                return;
            }
            let now = world.instant();
            world.with_logs(gateway, |logs, effects| logs.sweep(now, effects));
            if world.sabotage != Some(Sabotage::ReadThenSubscribe) {
                world.compare(gateway, false);
            }
            world.beat(gateway, generation);
        });
    }

    fn compare(&mut self, gateway: usize, is_urgent: bool) {
        let mut pulse = Pulse::new(&self.gateways[gateway].logs, is_urgent);
        let Some(batch) = pulse.next() else {
            return;
        };
        let (rooms, users) = keys(batch);
        self.ask(
            gateway,
            move |world, _| Some(world.heads(&rooms, &users)),
            move |world, heads| {
                let Some(heads) = heads else {
                    return;
                };
                world.with_logs(gateway, |logs, effects| pulse.met(logs, &heads, effects));
            },
        );
    }

    fn establish(&mut self, gateway: usize, establishing: Establishing<Socket>) {
        let Some(batch) = establishing.next(&self.gateways[gateway].logs) else {
            return;
        };
        let (rooms, users) = keys(batch);
        self.ask(
            gateway,
            move |world, _| Some(world.heads(&rooms, &users)),
            move |world, heads| {
                let mut establishing = establishing;
                let pause = world.with_logs(gateway, |logs, effects| {
                    establishing.met(logs, heads.as_ref(), effects)
                });
                let generation = world.gateways[gateway].generation;
                let pause = world.jittered(pause);
                world.after(pause, move |world| {
                    if world.gateways[gateway].generation == generation {
                        world.establish(gateway, establishing);
                    }
                });
            },
        );
    }

    fn heads(&self, rooms: &[RoomId], users: &[UserId]) -> Heads {
        let database = &self.database;
        let index = |id: &UserId| usize::try_from(id.as_uuid().as_u128() - 2_000).unwrap_or(0);
        Heads {
            epoch: self.seen(database.epoch),
            rooms: rooms
                .iter()
                .map(|id| (*id, database.rooms[room_of((*id).into())].head()))
                .collect(),
            users: users
                .iter()
                .map(|id| (*id, database.users[index(id)].useq))
                .collect(),
        }
    }

    /// Reads a log until it lacks nothing.
    fn fill<K: Read>(
        &mut self,
        gateway: usize,
        generation: u64,
        slot: Arc<Slot<K, Socket>>,
        filling: Filling,
    ) {
        if self.gateways[gateway].generation != generation {
            return;
        }
        let Some(after) = self.with_logs(gateway, |_, effects| filling.next(&slot, effects)) else {
            return;
        };
        let key = slot.key;
        self.ask(
            gateway,
            move |world, _| Some((key.read(world, after), world.seen(world.database.epoch))),
            move |world, answer| {
                let mut filling = filling;
                let page = answer.map(|(page, epoch)| {
                    if K::HAS_EPOCH {
                        world.with_logs(gateway, |logs, effects| logs.meet_epoch(epoch, effects));
                    }
                    page
                });
                let pause = world.with_logs(gateway, |_, effects| {
                    filling.took(&slot, after, page, effects)
                });
                let pause = pause.map_or(0, |pause| world.jittered(pause));
                world.after(pause, move |world| {
                    world.fill(gateway, generation, slot, filling);
                });
            },
        );
    }
}

/// How such a log is read.
trait Read: Key<Socket> {
    /// Whether its pages say of which epoch they are.
    const HAS_EPOCH: bool;

    fn read(self, world: &World, after: u64) -> Page<Entry>;
}

impl Read for RoomId {
    const HAS_EPOCH: bool = true;

    fn read(self, world: &World, after: u64) -> Page<Entry> {
        let room = &world.database.rooms[room_of(self.into())];
        Page {
            entries: room
                .window(after + 1, after + PAGE as u64)
                .iter()
                .map(|event| Arc::new(world.room_entry(event)))
                .collect(),
            head: room.head(),
        }
    }
}

impl Read for UserId {
    const HAS_EPOCH: bool = false;

    fn read(self, world: &World, after: u64) -> Page<Entry> {
        let user = usize::try_from(self.as_uuid().as_u128() - 2_000).unwrap_or(0);
        Page {
            entries: world
                .database
                .user_page_with_places(user, after, PAGE)
                .iter()
                .map(|event| Arc::new(world.user_entry(event)))
                .collect(),
            head: world.database.users[user].useq,
        }
    }
}

fn keys(batch: &kith_delivery::Batch<Socket>) -> (Vec<RoomId>, Vec<UserId>) {
    (
        batch.rooms.iter().map(|slot| slot.key).collect(),
        batch.users.iter().map(|slot| slot.key).collect(),
    )
}
