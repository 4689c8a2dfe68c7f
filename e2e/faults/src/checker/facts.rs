//! History and dump, looked up in the ways that the invariants need.

use std::collections::{BTreeMap, HashMap};

use kith_sdk::model::{MessageId, RoomId, UserId};

use crate::{
    dump::{Dump, LogEntry, Stay},
    history::{Entry, What},
};

/// Everything that the invariants look at.
pub(super) struct Facts<'a> {
    pub(super) entries: &'a [Entry],
    pub(super) dump: &'a Dump,
    pub(super) log: HashMap<(RoomId, u64), &'a LogEntry>,
    /// Rows by the sender's name for them; more than one is an error.
    pub(super) rows: HashMap<&'a str, Vec<&'a LogEntry>>,
    pub(super) heads: HashMap<RoomId, u64>,
    pub(super) stays: BTreeMap<(RoomId, UserId), Vec<&'a Stay>>,
    /// In the order in which they were decided.
    pub(super) sends: Vec<Send<'a>>,
    /// Where each send is in `sends`.
    by_client_id: HashMap<&'a str, usize>,
    pub(super) devices: BTreeMap<&'a str, UserId>,
    pub(super) views: BTreeMap<(&'a str, RoomId), View>,
}

/// One thing that somebody said, however often it went out.
pub(super) struct Send<'a> {
    pub(super) client_id: &'a str,
    pub(super) device: &'a str,
    pub(super) user: UserId,
    pub(super) room: RoomId,
    pub(super) body: u64,
    pub(super) at: u64,
    pub(super) tries: usize,
    pub(super) oks: Vec<Ack>,
    pub(super) fails: Vec<&'a str>,
    pub(super) unknowns: usize,
}

/// An acknowledgement.
pub(super) struct Ack {
    pub(super) at: u64,
    pub(super) id: MessageId,
    pub(super) seq: u64,
    pub(super) duplicate: bool,
}

/// What a device saw of a room.
#[derive(Default)]
pub(super) struct View {
    /// Where it began to see without having seen what is below, in order; the first ones are its start.
    pub(super) begins: Vec<u64>,
    pub(super) received: Vec<Received>,
}

/// An applied event.
pub(super) struct Received {
    pub(super) at: u64,
    pub(super) seq: u64,
    pub(super) id: Option<MessageId>,
    pub(super) body: Option<u64>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(entries: &'a [Entry], dump: &'a Dump) -> Self {
        let mut facts = Self {
            entries,
            dump,
            log: HashMap::new(),
            rows: HashMap::new(),
            heads: dump
                .rooms
                .iter()
                .map(|room| (room.id, room.last_seq))
                .collect(),
            stays: BTreeMap::new(),
            sends: Vec::new(),
            by_client_id: HashMap::new(),
            devices: BTreeMap::new(),
            views: BTreeMap::new(),
        };
        for entry in &dump.entries {
            facts.log.insert((entry.room, entry.seq), entry);
            if let Some(said) = &entry.message {
                facts.rows.entry(&said.client_id).or_default().push(entry);
            }
        }
        for stay in &dump.stays {
            facts
                .stays
                .entry((stay.room, stay.user))
                .or_default()
                .push(stay);
        }
        for entry in entries {
            facts.take_send(entry);
            facts.take_delivery(entry);
        }
        facts
    }

    /// Somebody's stays in a room.
    pub(super) fn stays_of(&self, room: RoomId, user: UserId) -> &[&'a Stay] {
        self.stays.get(&(room, user)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn send(&self, client_id: &str) -> Option<&Send<'a>> {
        self.by_client_id.get(client_id).map(|&at| &self.sends[at])
    }

    fn take_send(&mut self, entry: &'a Entry) {
        match &entry.what {
            What::Invoke {
                client_id,
                device,
                user,
                room,
                body,
            } => {
                self.by_client_id.insert(client_id, self.sends.len());
                self.sends.push(Send {
                    client_id,
                    device,
                    user: *user,
                    room: *room,
                    body: *body,
                    at: entry.at,
                    tries: 0,
                    oks: Vec::new(),
                    fails: Vec::new(),
                    unknowns: 0,
                });
            }
            What::Try { client_id, .. } => self.change(client_id, |send| send.tries += 1),
            What::Ok {
                client_id,
                id,
                seq,
                duplicate,
                ..
            } => {
                let ack = Ack {
                    at: entry.at,
                    id: *id,
                    seq: *seq,
                    duplicate: *duplicate,
                };
                self.change(client_id, |send| send.oks.push(ack));
            }
            What::Fail { client_id, code } => self.change(client_id, |send| send.fails.push(code)),
            What::Unknown { client_id, .. } => self.change(client_id, |send| send.unknowns += 1),
            _ => {}
        }
    }

    fn change(&mut self, client_id: &str, change: impl FnOnce(&mut Send<'a>)) {
        if let Some(&at) = self.by_client_id.get(client_id) {
            change(&mut self.sends[at]);
        }
    }

    fn take_delivery(&mut self, entry: &'a Entry) {
        match &entry.what {
            What::Device { device, user } => {
                self.devices.insert(device, *user);
            }
            What::Begin { device, room, seq } => self.view(device, *room).begins.push(*seq),
            What::Added {
                device,
                room,
                joined,
            } => {
                self.view(device, *room)
                    .begins
                    .push(joined.saturating_sub(1));
            }
            What::Recv {
                device,
                room,
                seq,
                id,
                body,
            } => {
                let received = Received {
                    at: entry.at,
                    seq: *seq,
                    id: *id,
                    body: *body,
                };
                self.view(device, *room).received.push(received);
            }
            _ => {}
        }
    }

    fn view(&mut self, device: &'a str, room: RoomId) -> &mut View {
        self.views.entry((device, room)).or_default()
    }
}
