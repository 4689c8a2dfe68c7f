//! Devices: the real kit in a phone that is switched off at any time and finds its disk as it left it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use kith_sdk::{
    device::{Action, Device, Saved},
    model::{Behind, Event, Fetched, Heads, Ready, Refused, ServerFrame, UserEvent},
    outbox::Pending,
    rest::SyncAnswer,
};
use serde_json::json;

use crate::{
    database::{self, Synced, UserBody, room_id, room_of},
    plan::Sabotage,
    socket::{Answer, Wire, event, mark, moment},
    world::{MILLISECOND, SECOND, World},
};

/// A phone.
#[derive(Debug)]
pub(crate) struct Phone {
    pub(crate) user: usize,
    pub(crate) is_on: bool,
    /// It reads one frame at a time, slowly.
    pub(crate) is_slow: bool,
    /// Its gateway and socket.
    pub(crate) link: Option<(usize, u64)>,
    /// Of the connection; what comes from another one is void.
    number: u64,
    pub(crate) kit: Device,
    pub(crate) app: App,
    backup: Option<(Saved, App)>,
    /// It has found an older state on its disk.
    pub(crate) went_back: bool,
    ticks_at: Option<u64>,
    said: u64,
    /// Seqs of what was acknowledged, by room and number.
    pub(crate) acknowledged: BTreeMap<usize, BTreeMap<u64, (u64, u64)>>,
}

/// What the app has on its disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct App {
    pub(crate) rooms: BTreeMap<usize, Store>,
    pub(crate) reads: BTreeMap<usize, u64>,
}

/// A room in the app.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    pub(crate) last: u64,
    /// (seq, mark) of what was applied since the stay, or the load, began.
    pub(crate) entries: Vec<(u64, u64)>,
    /// The stay has been seen to end.
    pub(crate) is_over: bool,
}

impl Phone {
    pub(crate) fn new(user: usize) -> Self {
        Self {
            user,
            is_on: false,
            is_slow: false,
            link: None,
            number: 0,
            kit: Device::default(),
            app: App::default(),
            backup: None,
            went_back: false,
            ticks_at: None,
            said: 0,
            acknowledged: BTreeMap::new(),
        }
    }
}

impl World {
    pub(crate) fn switch_on(&mut self, phone: usize) {
        if self.phones[phone].is_on {
            return;
        }
        self.tell(|| format!("phone {phone} is on"));
        self.phones[phone].is_on = true;
        self.tick(phone);
    }

    /// The phone dies, and finds its disk as it is, or as it was when it was last known to be written.
    pub(crate) fn crash_phone(&mut self, phone: usize) {
        if !self.phones[phone].is_on {
            return;
        }
        let to_backup = self.random.chance(300);
        self.tell(|| format!("phone {phone} crashes, to its backup: {to_backup}"));
        self.leave_gateway(phone);
        let forgets = self.sabotage == Some(Sabotage::LostCursor);
        let own = &mut self.phones[phone];
        own.is_on = false;
        own.number += 1;
        own.acknowledged.clear();
        let mut saved = own.kit.saved();
        if let Some((old, app)) = own.backup.clone().filter(|_| to_backup || forgets) {
            own.went_back = true;
            if !forgets {
                own.app = app;
            }
            saved = old;
        }
        own.kit = Device::restore(saved);
        let pause = self.random.between(50, 4_000) * MILLISECOND;
        self.after(pause, move |world| world.switch_on(phone));
    }

    /// The disk is flushed.
    pub(crate) fn back_up_phone(&mut self, phone: usize) {
        let own = &mut self.phones[phone];
        own.backup = Some((own.kit.saved(), own.app.clone()));
    }

    /// The network is back.
    pub(crate) fn hurry(&mut self, phone: usize) {
        let now = self.instant();
        self.phones[phone].kit.hurry(now);
        self.tick(phone);
    }

    /// The connection breaks; the phone notices at once, the gateway later.
    pub(crate) fn cut(&mut self, phone: usize) {
        self.tell(|| format!("phone {phone} loses its connection"));
        self.leave_gateway(phone);
        let number = self.phones[phone].number;
        self.link_lost(phone, number);
    }

    fn leave_gateway(&mut self, phone: usize) {
        if let Some((gateway, socket)) = self.phones[phone].link.take() {
            let notice = self.random.below(3 * SECOND);
            self.after(notice, move |world| world.forget_socket(gateway, socket));
        }
    }

    /// The phone learns that its connection has ended.
    pub(crate) fn link_lost(&mut self, phone: usize, number: u64) {
        let (now, share) = (self.instant(), self.random.share() * 0.2);
        let own = &mut self.phones[phone];
        if own.number != number || !own.is_on {
            return;
        }
        own.number += 1;
        own.link = None;
        own.kit.closed(now, share, Duration::ZERO);
        self.plan_tick(phone);
    }

    /// The person says something in a room that the app shows.
    pub(crate) fn say(&mut self, phone: usize) {
        let own = &self.phones[phone];
        let rooms: Vec<usize> = own.app.rooms.keys().copied().collect();
        if rooms.is_empty() || !own.is_on {
            return;
        }
        let room = rooms[self.random.index(rooms.len())];
        let own = &mut self.phones[phone];
        own.said += 1;
        let client_id = format!("{phone}-{}", own.said);
        let mut actions = Vec::new();
        let pending = Pending {
            client_id,
            room_id: room_id(room).into(),
            text: "hi".to_owned(),
            reply_to: None,
        };
        own.kit.say(pending, &mut actions);
        self.act(phone, actions);
    }

    fn tick(&mut self, phone: usize) {
        let now = self.instant();
        if self.phones[phone].is_on {
            let mut actions = Vec::new();
            self.phones[phone].kit.tick(now, &mut actions);
            self.act(phone, actions);
        }
    }

    fn plan_tick(&mut self, phone: usize) {
        let Some(due) = self.phones[phone].kit.due() else {
            return;
        };
        let at = self.micros(due).max(self.now);
        if self.phones[phone]
            .ticks_at
            .is_none_or(|ticks_at| at < ticks_at)
        {
            self.phones[phone].ticks_at = Some(at);
            self.at(at, move |world| {
                if world.phones[phone].ticks_at == Some(at) {
                    world.phones[phone].ticks_at = None;
                    world.tick(phone);
                }
            });
        }
    }

    /// Something came over a connection.
    pub(crate) fn hear(&mut self, phone: usize, number: u64, wire: Wire) {
        let now = self.instant();
        if self.phones[phone].number != number || !self.phones[phone].is_on {
            return;
        }
        let believes = self.sabotage == Some(Sabotage::NoGapCheck);
        let own = &mut self.phones[phone];
        let (user, kit) = (own.user, &mut own.kit);
        let mut actions = Vec::new();
        let heads = |rooms: Vec<(kith_ids::RoomId, u64)>| {
            rooms
                .into_iter()
                .map(|(id, head)| (id.into(), head))
                .collect()
        };
        match wire {
            Wire::Room(it) if believes => {
                actions.push(Action::Apply(Box::new(event(&it, user))));
            }
            Wire::Room(it) => kit.frame(ServerFrame::Event(event(&it, user)), &mut actions),
            Wire::User(it) => kit.frame(ServerFrame::User(user_event(&it)), &mut actions),
            Wire::Ready(ready) => kit.frame(ServerFrame::Ready(*ready), &mut actions),
            Wire::CursorInvalid => kit.frame(ServerFrame::Err(cursor_invalid()), &mut actions),
            Wire::Resumed(it) => kit.frame(ServerFrame::Resumed(*it), &mut actions),
            Wire::Heads { useq, rooms } => {
                let rooms = heads(rooms);
                kit.frame(ServerFrame::Heads(Heads { useq, rooms }), &mut actions);
            }
            Wire::Behind { useq, rooms } => {
                let rooms = heads(rooms);
                kit.frame(ServerFrame::Behind(Behind { useq, rooms }), &mut actions);
            }
            Wire::Sent {
                room,
                client_id,
                answer,
            } => {
                let id = room_id(room).into();
                let outcome = answer.as_ref().map(|_| ()).map_err(|retryable| *retryable);
                kit.sent((id, &client_id), outcome, now, &mut actions);
                if let Ok(event) = answer {
                    self.acknowledged(phone, &client_id, &event);
                }
            }
            Wire::Fetched { room, answer } => {
                let id = room_id(room).into();
                match answer {
                    Answer::Good(page) => {
                        let page = Fetched {
                            events: page.events.iter().map(|it| event(it, user)).collect(),
                            from_seq: page.from_seq,
                            last_seq: page.last_seq,
                        };
                        kit.fetched(id, Some(page), now, &mut actions);
                    }
                    Answer::Failed => kit.fetched(id, None, now, &mut actions),
                    Answer::Refused => kit.fetch_refused(id),
                }
            }
        }
        self.act(phone, actions);
    }

    /// The answer to a one-piece sync.
    pub(crate) fn hear_synced(&mut self, phone: usize, number: u64, synced: Option<Box<Synced>>) {
        let now = self.instant();
        let own = &mut self.phones[phone];
        if own.number != number || !own.is_on {
            return;
        }
        let user = own.user;
        let answer = synced.map(|synced| SyncAnswer {
            events: synced.events.iter().map(|it| event(it, user)).collect(),
            user_events: synced.user_events.iter().map(user_event).collect(),
            too_long: Vec::new(),
            user_too_long: false,
            heads: [].into(),
            epoch: synced.snapshot.epoch,
            useq: synced.snapshot.useq,
        });
        let mut actions = Vec::new();
        own.kit.synced(answer, now, &mut actions);
        self.act(phone, actions);
    }

    /// Does what the kit says.
    fn act(&mut self, phone: usize, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Connect => self.connect(phone),
                Action::StartOver(ready) => self.start_over(phone, &ready),
                Action::Apply(event) => self.apply(phone, &event),
                Action::ApplyOwn(event) => self.apply_own(phone, &event),
                Action::Page { room, last_seq } => {
                    let store = self.phones[phone]
                        .app
                        .rooms
                        .entry(room_of(room))
                        .or_default();
                    store.last = last_seq;
                    // What was skipped may have been the beginning of a later stay.
                    store.is_over = false;
                    store.entries.clear();
                }
                Action::Load(room) => {
                    let room = room_of(room);
                    self.violate(|| {
                        format!(
                            "I9: phone {phone} got an event of room {room}, which it does not know"
                        )
                    });
                }
                Action::LoadLists => {}
                Action::Fetch { room, after } => {
                    self.ask_gateway(phone, move |world, gateway, id| {
                        world.request_fetch(gateway, id, room_of(room), after);
                    });
                }
                Action::Sync(resume) => self.ask_gateway(phone, move |world, gateway, id| {
                    world.request_sync(gateway, id, resume);
                }),
                Action::Send(pending) => {
                    let attempts = &mut self.truth.attempts;
                    *attempts.entry(pending.client_id.clone()).or_default() += 1;
                    self.ask_gateway(phone, move |world, gateway, id| {
                        let room = room_of(pending.room_id);
                        world.request_send(gateway, id, room, pending.client_id);
                    });
                }
                Action::Failed(pending) => {
                    self.truth.failed.insert(pending.client_id);
                }
            }
        }
        self.plan_tick(phone);
    }

    fn ask_gateway(&mut self, phone: usize, ask: impl FnOnce(&mut Self, usize, u64) + 'static) {
        if let Some((gateway, id)) = self.phones[phone].link {
            let lag = self.lag();
            self.after(lag, move |world| ask(world, gateway, id));
        }
    }

    fn connect(&mut self, phone: usize) {
        let gateway = self.random.index(self.gateways.len());
        let own = &mut self.phones[phone];
        own.number += 1;
        let (number, resume) = (own.number, own.kit.hello());
        self.tell(|| format!("phone {phone} connects to gateway {gateway} with {resume:?}"));
        let lag = self.lag();
        self.after(lag, move |world| {
            if world.phones[phone].number == number {
                world.hello(gateway, phone, number, resume);
            }
        });
    }

    fn start_over(&mut self, phone: usize, ready: &Ready) {
        self.tell(|| format!("phone {phone} starts over at epoch {}", ready.epoch));
        let user = self.phones[phone].user;
        let positions = self.database.users[user].reads.clone();
        let rooms = ready.rooms.iter().map(|(&id, &last)| {
            let store = Store {
                last,
                ..Store::default()
            };
            (room_of(id), store)
        });
        let rooms = rooms.collect();
        let own = &mut self.phones[phone];
        own.app = App {
            rooms,
            reads: positions,
        };
        // Nothing older is on the disk any more.
        self.back_up_phone(phone);
    }

    fn apply_own(&mut self, phone: usize, event: &UserEvent) {
        self.tell(|| {
            format!(
                "phone {phone} applies useq {} {} {}",
                event.useq, event.kind, event.data
            )
        });
        if event.kind == "read.moved" {
            let field = |name| event.data.get(name).and_then(serde_json::Value::as_u64);
            if let (Some(room), Some(seq)) = (field("room"), field("last_read_seq")) {
                let reads = &mut self.phones[phone].app.reads;
                let read = reads.entry(usize::try_from(room).unwrap_or(0)).or_default();
                *read = seq.max(*read);
            }
        }
    }

    fn apply(&mut self, phone: usize, event: &Event) {
        let (room, seq, mark) = (room_of(event.room_id), event.seq, mark(event.at));
        self.tell(|| format!("phone {phone} applies room {room} seq {seq} {}", event.kind));
        self.check_applied(phone, room, seq, mark);
    }
}

fn user_event(event: &Arc<database::UserEvent>) -> UserEvent {
    let (kind, data) = match event.body {
        UserBody::Added { room, joined } => (
            "room.added",
            json!({ "id": room_id(room).to_string(), "joined_seq": joined }),
        ),
        UserBody::Removed { room, left } => (
            "room.removed",
            json!({ "room_id": room_id(room).to_string(), "leave_seq": left }),
        ),
        UserBody::Read { room, seq } => {
            ("read.moved", json!({ "room": room, "last_read_seq": seq }))
        }
        UserBody::Superseded => ("superseded", serde_json::Value::Null),
    };
    UserEvent {
        useq: event.useq,
        kind: kind.to_owned(),
        at: moment(event.mark),
        data,
    }
}

fn cursor_invalid() -> Refused {
    Refused {
        reference: None,
        code: "cursor_invalid".to_owned(),
        message: String::new(),
        retryable: false,
        retry_after_ms: None,
    }
}
