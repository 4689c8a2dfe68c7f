//! A device that is the SDK's client as it is: it talks, is switched off and on again, and everything that it shows is written
//! down by its store, in one step with where it stands, as an app with a database does it.

use std::{
    collections::HashSet,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::Duration,
};

use kith_sdk::{
    client::{Client, Update},
    model::{RoomId, Session, UserEvent, UserEventBody, UserId},
    rest::Api,
    store::{Store, Stored},
};
use rand::{RngExt as _, rngs::StdRng};
use tokio::{sync::watch, time::Instant};

use super::Air;
use crate::history::{What, body_of, millis};

/// After a client that has ended, as it does when its token is not believed.
const AGAIN: Duration = Duration::from_secs(1);
/// How long a client lives before it is switched off, in milliseconds.
const LIFE_MS: std::ops::Range<u64> = 5_000..20_000;

/// The device's disk, and what is written down with it.
#[derive(Clone)]
pub(super) struct Notebook(Arc<Inner>);

struct Inner {
    name: String,
    user: UserId,
    air: Arc<Air>,
    stored: Mutex<Stored>,
}

/// What the task of a device owns.
pub(super) struct Bot {
    pub(super) notebook: Notebook,
    pub(super) gates: Vec<Api>,
    pub(super) session: Session,
    pub(super) random: StdRng,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) is_connected: watch::Sender<bool>,
}

impl Notebook {
    pub(super) fn new(name: String, user: UserId, air: &Arc<Air>) -> Self {
        Self(Arc::new(Inner {
            name,
            user,
            air: Arc::clone(air),
            stored: Mutex::default(),
        }))
    }

    pub(super) fn cursor(&self, room: RoomId) -> Option<u64> {
        self.lock().device.cursors.room(room)
    }

    pub(super) fn has_said_all(&self) -> bool {
        self.lock().device.unsent.is_empty()
    }

    fn rooms(&self) -> Vec<RoomId> {
        let resume = self.lock().device.cursors.resume();
        resume.map_or_else(Vec::new, |resume| resume.rooms.into_keys().collect())
    }

    fn lock(&self) -> MutexGuard<'_, Stored> {
        self.0.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, what: What) {
        self.0.air.history.add(what);
    }

    /// What is said for the first time, before it goes out.
    fn note_said(&self, before: &Stored, now: &Stored) {
        let known: HashSet<&str> = before
            .device
            .unsent
            .iter()
            .map(|pending| pending.client_id.as_str())
            .collect();
        let new = now.device.unsent.iter();
        for pending in new.filter(|pending| !known.contains(pending.client_id.as_str())) {
            let client_id = pending.client_id.clone();
            self.note(What::Invoke {
                client_id: client_id.clone(),
                device: self.0.name.clone(),
                user: self.0.user,
                room: pending.room_id,
                body: body_of(&pending.text),
            });
            self.note(What::Try {
                client_id,
                by: "sdk".to_owned(),
            });
        }
    }

    fn note_update(&self, update: &Update) {
        let device = self.0.name.clone();
        match update {
            Update::StartOver(ready) => {
                for (&room, &seq) in &ready.rooms {
                    let device = device.clone();
                    self.note(What::Begin { device, room, seq });
                }
            }
            Update::Skipped { room, last_seq } => self.note(What::Begin {
                device,
                room: *room,
                seq: *last_seq,
            }),
            Update::Event(event) => {
                let message = event.message();
                self.note(What::Recv {
                    device,
                    room: event.room_id,
                    seq: event.seq,
                    id: message.as_ref().map(|message| message.id),
                    body: message
                        .as_ref()
                        .map(|message| body_of(message.text.as_deref().unwrap_or_default())),
                });
            }
            Update::Own(event) => self.note_own(event),
            Update::Sent(posted) => self.note(What::Ok {
                client_id: posted.message.client_id.clone().unwrap_or_default(),
                device,
                id: posted.message.id,
                seq: posted.message.seq,
                duplicate: posted.duplicate,
            }),
            Update::NotSent(pending) => self.note(What::Fail {
                client_id: pending.client_id.clone(),
                code: "refused".to_owned(),
            }),
            // A room that the device did not know of: its own log should have told.
            Update::Room(room) => self.note(What::Stray {
                device,
                room: room.id,
                seq: room.last_seq,
            }),
            Update::Lists | Update::Passing(_) => {}
        }
    }

    fn note_own(&self, event: &UserEvent) {
        let device = self.0.name.clone();
        match event.body() {
            UserEventBody::RoomAdded(room) => self.note(What::Added {
                device,
                room: room.id,
                joined: room.joined_seq,
            }),
            UserEventBody::RoomRemoved(removed) => self.note(What::Removed {
                device,
                room: removed.room_id,
                leave: removed.leave_seq,
            }),
            UserEventBody::ReadMoved(read) => self.note(What::Position {
                device,
                room: read.room_id,
                seq: read.last_read_seq,
            }),
            _ => {}
        }
    }
}

impl Store for Notebook {
    async fn load(&mut self) -> io::Result<Stored> {
        Ok(self.lock().clone())
    }

    async fn save(&mut self, stored: &Stored, news: &[Update]) -> io::Result<()> {
        let mut before = self.lock();
        self.note_said(&before, stored);
        for update in news {
            self.note_update(update);
        }
        before.clone_from(stored);
        Ok(())
    }
}

impl Bot {
    /// Lives, one client after the other.
    pub(super) async fn run(mut self) {
        while !*self.stop.borrow() {
            self.live().await;
            self.is_connected.send_replace(false);
            let device = self.notebook.0.name.clone();
            self.notebook.note(What::Down {
                device,
                why: "the client has ended".to_owned(),
            });
            tokio::select! {
                () = tokio::time::sleep(AGAIN) => {}
                // Also when `live` has seen it already.
                _ = self.stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// One client, from its start to its end.
    async fn live(&mut self) {
        let started = Client::sign_in(&self.gates, &self.session, self.notebook.clone());
        let (client, mut updates) = started.await.expect("a client starts");
        let off_at = Instant::now() + self.some_ms(LIFE_MS);
        let mut talk_at = Instant::now();
        let air = Arc::clone(&self.notebook.0.air);
        loop {
            self.is_connected.send_replace(client.link().is_some());
            let is_talking = air.gap_ms.load(Ordering::Relaxed) > 0;
            tokio::select! {
                _ = self.stop.changed() => break,
                () = tokio::time::sleep_until(off_at), if is_talking => break,
                () = air.network_up.notified() => client.hurry(),
                () = tokio::time::sleep_until(talk_at) => talk_at = Instant::now() + self.talk(&client).await,
                // They are written down already.
                update = updates.next() => if update.is_none() { break },
            }
        }
        client.stop().await;
    }

    /// Says something or reads, and gives how long to be silent.
    async fn talk(&mut self, client: &Client) -> Duration {
        let gap = self.notebook.0.air.gap_ms.load(Ordering::Relaxed);
        let rooms = self.notebook.rooms();
        if gap == 0 || rooms.is_empty() {
            return Duration::from_millis(100);
        }
        let room = rooms[self.random.random_range(0..rooms.len())];
        if self.random.random_bool(0.1) {
            self.read(client, room).await;
        } else {
            let number: u32 = self.random.random();
            let text = format!("{} {number:08x}", self.notebook.0.name);
            // A client that has ended is noticed by its updates.
            let _ = client.say(room, text).await;
        }
        self.some_ms(gap / 2..gap * 3 / 2)
    }

    async fn read(&self, client: &Client, room: RoomId) {
        let (Some(link), Some(seq)) = (client.link(), self.notebook.cursor(room)) else {
            return;
        };
        if seq == 0 {
            return;
        }
        let began = Instant::now();
        let asking = tokio::time::timeout(AGAIN, link.read(room, seq)).await;
        let answer = asking.ok().and_then(Result::ok);
        self.notebook.note(What::Read {
            device: self.notebook.0.name.clone(),
            room,
            seq,
            answer: answer.map(|moved| moved.last_read_seq),
            ms: millis(began),
        });
    }

    fn some_ms(&mut self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(self.random.random_range(range))
    }
}
