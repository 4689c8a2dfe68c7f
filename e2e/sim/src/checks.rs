//! The invariants of the delivery (research/reliability.md, 2.4), looked at with every entry that a device applies and when
//! everything has healed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    database::{Body, Outcome, RoomEvent, room_id},
    world::{MILLISECOND, World},
};

/// What is known to be true, outside of every process.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    /// What was acknowledged: room, seq and mark, by client_id.
    acknowledged: BTreeMap<String, (usize, u64, u64)>,
    /// How often each message was sent.
    pub(crate) attempts: BTreeMap<String, u32>,
    /// What was refused for good.
    pub(crate) failed: BTreeSet<String>,
    /// Marks of what restores have undone.
    undone: BTreeSet<u64>,
    pub(crate) applied: u64,
}

impl World {
    /// A message was committed by a node.
    pub(crate) fn committed(&mut self, node: usize, event: &Arc<RoomEvent>) {
        self.tell(|| {
            format!(
                "node {node} commits room {} seq {} {:?}",
                event.room, event.seq, event.body
            )
        });
        let outcome = Outcome {
            room_events: vec![event.clone()],
            user_events: Vec::new(),
        };
        self.publish(node, outcome, false);
    }

    /// A stay began or ended, or a position moved.
    pub(crate) fn committed_outcome(&mut self, node: usize, outcome: Outcome, user_first: bool) {
        self.tell(|| {
            format!(
                "node {node} commits {:?} {:?}",
                outcome.room_events, outcome.user_events
            )
        });
        self.publish(node, outcome, user_first);
    }

    /// The database goes back; remembers what is gone. The nodes are stopped for that.
    pub(crate) fn restore(&mut self) {
        for node in 0..self.nodes.len() {
            if self.nodes[node].is_up {
                self.crash_node(node);
                let pause = self.random.between(100, 2_000) * MILLISECOND;
                self.after(pause, move |world| world.start_node(node));
            }
        }
        let marks = |world: &Self| -> BTreeSet<u64> {
            let rooms = world.database.rooms.iter();
            rooms
                .flat_map(|room| room.log.iter().map(|event| event.mark))
                .collect()
        };
        let before = marks(self);
        self.database.restore();
        let after = marks(self);
        self.truth.undone.extend(before.difference(&after));
        for phone in &mut self.phones {
            phone.acknowledged.clear();
        }
        let epoch = self.database.epoch;
        self.tell(|| format!("the database is restored; epoch {epoch}"));
    }

    /// I2, I3, I4, I9 and no silent gap: what a device applies is what was committed there, is for its person, and is the
    /// next one.
    pub(crate) fn check_applied(&mut self, phone: usize, room: usize, seq: u64, mark: u64) {
        self.truth.applied += 1;
        let user = self.phones[phone].user;
        let known = usize::try_from(mark)
            .ok()
            .and_then(|mark| self.database.committed.get(mark).copied());
        let Some((_, _, audience)) = known.filter(|known| (known.0, known.1) == (room, seq)) else {
            self.violate(|| {
                format!(
                    "I2/I4: phone {phone} applied room {room} seq {seq}, which is not {known:?}"
                )
            });
            return;
        };
        if audience & (1 << user) == 0 {
            self.violate(|| format!("I9: phone {phone} of user {user} got room {room} seq {seq} outside of their stay"));
        }
        let turn = self.database.turns.get(&mark);
        let (begins, ends) = (turn == Some(&(user, false)), turn == Some(&(user, true)));
        let store = self.phones[phone].app.rooms.entry(room).or_default();
        let (last, is_over) = (store.last, store.is_over);
        let is_next = seq == last + 1 && (!is_over || begins);
        let is_later_stay = begins && seq > last;
        if is_next || is_later_stay {
            if begins {
                store.entries.clear();
            }
            store.last = seq;
            store.is_over = ends;
            store.entries.push((seq, mark));
        } else if seq <= last {
            self.violate(|| {
                format!("I3: phone {phone} applied room {room} seq {seq} again, it was at {last}")
            });
        } else {
            self.violate(|| {
                format!("gap: phone {phone} applied room {room} seq {seq} after {last}")
            });
        }
    }

    /// I8, and for I1 later.
    pub(crate) fn acknowledged(&mut self, phone: usize, client_id: &str, event: &RoomEvent) {
        let (room, seq) = (event.room, event.seq);
        self.tell(|| format!("phone {phone} has {client_id} acknowledged: room {room} seq {seq}"));
        let is_it =
            matches!(&event.body, Body::Message { client_id: named, .. } if named == client_id);
        if !is_it {
            self.violate(|| format!("I1: the answer to {client_id} is another message: {event:?}"));
        }
        if let Some(&(_, first, mark)) = self.truth.acknowledged.get(client_id)
            && (first, mark) != (seq, event.mark)
            && !self.truth.undone.contains(&mark)
        {
            self.violate(|| {
                format!("I3: {client_id} has seq {first} and seq {seq} in room {room}")
            });
        }
        self.check_order(phone, client_id, event);
        self.truth
            .acknowledged
            .insert(client_id.to_owned(), (room, seq, event.mark));
    }

    /// I8: what a device says in a room keeps its order.
    fn check_order(&mut self, phone: usize, client_id: &str, event: &RoomEvent) {
        let (room, seq) = (event.room, event.seq);
        let said = client_id
            .rsplit('-')
            .next()
            .and_then(|said| said.parse().ok());
        let said: u64 = said.unwrap_or(0);
        if self.database.epoch > 1 || self.phones[phone].went_back {
            // What a restore has undone, or a phone has forgotten, is sent again later than what was kept.
            return;
        }
        let acknowledged = self.phones[phone].acknowledged.entry(room).or_default();
        acknowledged.retain(|_, it| !self.truth.undone.contains(&it.1));
        acknowledged.insert(said, (seq, event.mark));
        let before = acknowledged.range(..said).next_back().map(|it| it.1.0);
        let later = acknowledged.range(said + 1..).next().map(|it| it.1.0);
        if self.truth.undone.contains(&event.mark) {
            return;
        }
        if before.is_some_and(|before| before >= seq) || later.is_some_and(|later| later <= seq) {
            self.violate(|| {
                format!("I8: phone {phone} has {client_id} at seq {seq} of room {room}, between {before:?} and {later:?}")
            });
        }
    }

    pub(crate) fn check_the_end(&mut self) {
        self.check_messages();
        for phone in 0..self.phones.len() {
            self.check_phone(phone);
        }
    }

    /// I1, I3, I5, I6.
    fn check_messages(&mut self) {
        let mut stored = BTreeMap::new();
        let mut violations = Vec::new();
        for (room, log) in self.database.rooms.iter().enumerate() {
            for (event, seq) in log.log.iter().zip(1..) {
                if event.seq != seq {
                    violations.push(format!("I5: room {room} has {} at {seq}", event.seq));
                }
                if let Body::Message { client_id, .. } = &event.body
                    && let Some(other) = stored.insert(client_id.clone(), (room, seq, event.mark))
                {
                    violations.push(format!(
                        "I3: {client_id} is stored twice: {other:?} and seq {seq}"
                    ));
                }
            }
        }
        for (client_id, acknowledged) in &self.truth.acknowledged {
            if stored.get(client_id) != Some(acknowledged)
                && !self.truth.undone.contains(&acknowledged.2)
            {
                violations.push(format!(
                    "I1: {client_id} was acknowledged as {acknowledged:?} and is not there"
                ));
            }
        }
        for client_id in &self.truth.failed {
            // Sent more than once, another attempt may have come through when the person was in the room again.
            let was_sent_once = self.truth.attempts.get(client_id) == Some(&1);
            if was_sent_once && stored.contains_key(client_id) {
                violations.push(format!("I6: {client_id} failed and is there"));
            }
        }
        for violation in violations {
            self.violate(|| violation);
        }
    }

    /// I4, I10, I11: the device has everything it may have, and knows it.
    fn check_phone(&mut self, phone: usize) {
        let own = &self.phones[phone];
        let user = own.user;
        let cursors = own.kit.cursors();
        let mut problems = Vec::new();
        if !own.kit.is_live() {
            problems.push("it is not live".to_owned());
        }
        if !own.kit.has_sent_all() {
            problems.push(format!("it has not sent {:?}", own.kit.saved().unsent));
        }
        let epoch = cursors.resume().map(|resume| resume.epoch);
        if epoch != Some(self.database.epoch) {
            problems.push(format!("it is in epoch {epoch:?}"));
        }
        let head = self.database.users[user].useq;
        if cursors.useq() != head {
            problems.push(format!("its own log is at {} of {head}", cursors.useq()));
        }
        if own.app.reads != self.database.users[user].reads {
            problems.push(format!("I10: it has read {:?}", own.app.reads));
        }
        for (room, log) in self.database.rooms.iter().enumerate() {
            let cursor = cursors.room(room_id(room).into());
            let Some(stay) = log.stay(user) else {
                if cursor.is_some() {
                    problems.push(format!(
                        "it follows room {room}, which it has left, at {cursor:?}"
                    ));
                }
                continue;
            };
            if cursor != Some(log.head()) {
                problems.push(format!(
                    "it is at {cursor:?} of {} in room {room}",
                    log.head()
                ));
                continue;
            }
            let entries = own
                .app
                .rooms
                .get(&room)
                .map_or(&[][..], |store| &store.entries);
            let is_same = entries.iter().all(|&(seq, mark)| {
                let index = usize::try_from(seq).unwrap_or(1) - 1;
                log.log.get(index).is_some_and(|event| event.mark == mark)
            });
            let is_whole = entries.first().is_none_or(|first| {
                log.head() - first.0 + 1 == entries.len() as u64 && first.0 >= stay.joined
            });
            if !is_same || !is_whole {
                problems.push(format!(
                    "it has {entries:?} of room {room}, which is at {}",
                    log.head()
                ));
            }
        }
        if !problems.is_empty() {
            self.violate(|| format!("I11: phone {phone} of user {user}: {}", problems.join("; ")));
        }
    }
}
