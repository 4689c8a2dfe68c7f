//! What a device makes of what it hears.

use std::time::Duration;

use kith_sdk::{
    model::{Event, Fetched, Ready, Resumed, RoomId, ServerFrame, UserEvent, UserEventBody},
    socket::SocketError,
    sync::Verdict,
};

use super::{Shared, State};
use crate::history::{What, body_of};

/// What a frame asks of the device.
#[derive(Default)]
pub(super) struct Heard {
    /// Rooms to fetch, and after what.
    pub(super) fetch: Vec<(RoomId, u64)>,
    /// How long to stay away.
    pub(super) wait: Option<Duration>,
    /// Connect again, to resume.
    pub(super) ends: bool,
}

impl Shared {
    /// Takes in `ready`.
    pub(super) fn arrived(&self, ready: &Ready, gate: usize) {
        let mut state = self.lock();
        let resumed = state.cursors.resume().is_some();
        state.is_connected = true;
        self.note(What::Up {
            device: self.name.clone(),
            gate,
            resumed,
        });
        state.cursors.ready(ready, resumed);
        if !resumed {
            self.begin(&mut state, ready);
        }
    }

    /// Starts at the heads: what came before is history.
    fn begin(&self, state: &mut State, ready: &Ready) {
        state.cursors.start(ready.epoch, ready.useq);
        for (&room, &seq) in &ready.rooms {
            state.cursors.track(room, seq);
            self.note(What::Begin {
                device: self.name.clone(),
                room,
                seq,
            });
        }
    }

    /// Takes in a frame.
    pub(super) fn hear(&self, frame: &ServerFrame, ready: &Ready) -> Heard {
        let mut heard = Heard::default();
        let mut state = self.lock();
        match frame {
            ServerFrame::Event(event) => self.hear_event(&mut state, event, &mut heard),
            ServerFrame::User(event) => self.hear_user_event(&mut state, event, &mut heard),
            ServerFrame::Resumed(resumed) => {
                // They are read like a gap, so that the checker sees all of them.
                let paged = resumed.too_long.iter().map(|room| room.room_id);
                heard
                    .fetch
                    .extend(paged.filter_map(|room| Some((room, state.cursors.room(room)?))));
                state.cursors.resumed(&Resumed {
                    too_long: Vec::new(),
                    ..resumed.clone()
                });
            }
            ServerFrame::Behind(behind) => {
                self.note(What::Behind {
                    device: self.name.clone(),
                });
                heard.fetch = state.cursors.behind(&behind.rooms);
                heard.ends = behind.useq > state.cursors.useq();
            }
            ServerFrame::Drain(drain) => {
                heard.wait = Some(Duration::from_millis(drain.resume_after_ms));
            }
            ServerFrame::Err(refused) => {
                self.note_refusal("frame", None, &refused.code, true);
                if refused.code == "cursor_invalid" {
                    self.note(What::Invalid {
                        device: self.name.clone(),
                    });
                    state.cursors.invalidate();
                    self.begin(&mut state, ready);
                }
            }
            _ => {}
        }
        heard
    }

    fn hear_event(&self, state: &mut State, event: &Event, heard: &mut Heard) {
        let (device, room, seq) = (self.name.clone(), event.room_id, event.seq);
        let is_of_former_stay = state.floors.get(&room).is_some_and(|floor| seq < *floor);
        match state.cursors.event(event) {
            Verdict::Apply => self.apply(state, event),
            Verdict::Repeated if is_of_former_stay => {}
            Verdict::Repeated => self.note(What::Again { device, room, seq }),
            Verdict::Missing { after } => {
                if !state.fetching.contains(&room) {
                    self.note(What::Hole {
                        device,
                        room,
                        after,
                        seq,
                    });
                    heard.fetch.push((room, after));
                }
            }
            Verdict::Unknown => self.note(What::Stray { device, room, seq }),
        }
    }

    fn apply(&self, state: &mut State, event: &Event) {
        let message = event.message();
        self.note(What::Recv {
            device: self.name.clone(),
            room: event.room_id,
            seq: event.seq,
            id: message.as_ref().map(|message| message.id),
            body: message
                .as_ref()
                .map(|message| body_of(message.text.as_deref().unwrap_or_default())),
        });
        if let Some(message) = message.filter(|message| message.sender_id == self.user) {
            state.outbox.settle(&message);
        }
    }

    fn hear_user_event(&self, state: &mut State, event: &UserEvent, heard: &mut Heard) {
        let after = state.cursors.useq();
        let verdict = state.cursors.user_event(event.useq);
        let device = self.name.clone();
        if verdict != Verdict::Apply {
            self.note(What::UserHole {
                device,
                after,
                useq: event.useq,
            });
            heard.ends = matches!(verdict, Verdict::Missing { .. });
            return;
        }
        match event.body() {
            UserEventBody::RoomAdded(room) => {
                state.cursors.room_added(room.id, room.joined_seq);
                state.floors.insert(room.id, room.joined_seq);
                self.note(What::Added {
                    device,
                    room: room.id,
                    joined: room.joined_seq,
                });
            }
            UserEventBody::RoomRemoved(removed) => {
                state
                    .cursors
                    .room_removed(removed.room_id, removed.leave_seq);
                self.note(What::Removed {
                    device,
                    room: removed.room_id,
                    leave: removed.leave_seq,
                });
            }
            UserEventBody::ReadMoved(read) => self.note(What::Position {
                device,
                room: read.room_id,
                seq: read.last_read_seq,
            }),
            _ => {}
        }
    }

    /// Takes in a fetched stretch; gives where to go on, if there is more.
    pub(super) fn fetched(
        &self,
        room: RoomId,
        fetched: Result<Fetched, SocketError>,
    ) -> Option<u64> {
        let mut state = self.lock();
        state.fetching.remove(&room);
        let fetched = match fetched {
            Ok(fetched) => fetched,
            Err(error) => {
                if let Some(code) = error.code() {
                    self.note_refusal("fetch", None, code, true);
                }
                return None;
            }
        };
        let before = state.cursors.room(room)?;
        state.cursors.fetched(room, fetched.from_seq);
        if fetched.from_seq > before + 1 {
            self.note(What::Begin {
                device: self.name.clone(),
                room,
                seq: fetched.from_seq - 1,
            });
        }
        for event in &fetched.events {
            if state.cursors.event(event) == Verdict::Apply {
                self.apply(&mut state, event);
            }
        }
        let cursor = state.cursors.room(room)?;
        (cursor < fetched.last_seq && !fetched.events.is_empty()).then_some(cursor)
    }
}
