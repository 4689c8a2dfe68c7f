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

/// How it goes on after a page.
pub(super) enum AfterFetch {
    /// The room is whole, or has to wait.
    Done,
    /// There is more after this.
    GoOn(u64),
    /// Connect again: it does not come this way.
    Resume,
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
            ServerFrame::Event(event) => match state.fetching.get_mut(&event.room_id) {
                Some(fetching) => fetching.held.push(event.clone()),
                None => heard.fetch.extend(self.hear_event(&mut state, event)),
            },
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
                for (room, after) in state.cursors.behind(&behind.rooms) {
                    match state.fetching.get_mut(&room) {
                        Some(fetching) => fetching.again = true,
                        None => heard.fetch.push((room, after)),
                    }
                }
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

    /// Takes in an event; gives the room and after what to fetch it, if something is missing.
    fn hear_event(&self, state: &mut State, event: &Event) -> Option<(RoomId, u64)> {
        let (device, room, seq) = (self.name.clone(), event.room_id, event.seq);
        let is_of_former_stay = state.floors.get(&room).is_some_and(|floor| seq < *floor);
        match state.cursors.event(event) {
            Verdict::Apply => self.apply(state, event),
            Verdict::Repeated if is_of_former_stay => {}
            Verdict::Repeated => self.note(What::Again { device, room, seq }),
            Verdict::Missing { after } => {
                self.note(What::Hole {
                    device,
                    room,
                    after,
                    seq,
                });
                return Some((room, after));
            }
            Verdict::Unknown => self.note(What::Stray { device, room, seq }),
        }
        None
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
                state.fetching.remove(&removed.room_id);
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

    /// Takes in a fetched stretch.
    pub(super) fn fetched(
        &self,
        room: RoomId,
        fetched: Result<Fetched, SocketError>,
    ) -> AfterFetch {
        let mut state = self.lock();
        let fetched = match fetched {
            Ok(fetched) => fetched,
            Err(error) => {
                state.fetching.remove(&room);
                if let Some(code) = error.code() {
                    self.note_refusal("fetch", None, code, true);
                }
                // Whoever is no longer in it hears the end of their stay by resuming only.
                return if error.code() == Some("not_found") {
                    AfterFetch::Resume
                } else {
                    AfterFetch::Done
                };
            }
        };
        let Some(cursor) = self.turn_page(&mut state, room, &fetched) else {
            state.fetching.remove(&room);
            return AfterFetch::Done;
        };
        if cursor < fetched.last_seq && !fetched.events.is_empty() {
            return AfterFetch::GoOn(cursor);
        }
        let Some(fetching) = state.fetching.get_mut(&room) else {
            return AfterFetch::Done;
        };
        if std::mem::take(&mut fetching.again) {
            return AfterFetch::GoOn(cursor);
        }
        let held = std::mem::take(&mut fetching.held);
        state.fetching.remove(&room);
        // What the page brought too was on its way before it.
        let behind_it = held.iter().filter(|event| event.seq > cursor);
        for event in behind_it {
            if let Some((_, after)) = self.hear_event(&mut state, event) {
                return AfterFetch::GoOn(after);
            }
        }
        AfterFetch::Done
    }

    /// Gives how far the device has the room now; nothing if it is no longer in it.
    fn turn_page(&self, state: &mut State, room: RoomId, fetched: &Fetched) -> Option<u64> {
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
                self.apply(state, event);
            }
        }
        state.cursors.room(room)
    }
}
