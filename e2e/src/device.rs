//! A device of a person: a connection whose frames are kept, and judged by the SDK's cursors as they arrive. What the
//! contract forbids (a hole, a repetition, an event of a room one is not in) is noted, and [`Device::assert_sound`]
//! fails on it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kith_sdk::{
    model::{Event, Message, Ready, RoomId, ServerFrame, UserEvent, UserEventBody},
    outbox::fresh_client_id,
    rest::{Api, MessagePost, Posted},
    socket::{Closed, Connection, Frames, Hello, Link, SocketError, Upgrade},
    sync::{Cursors, Resume, Verdict},
};
use tokio::sync::watch;

use crate::{DEADLINE, background, within};

/// A connected device.
pub struct Device {
    /// What the server answered to `hello`.
    pub ready: Ready,
    /// Asks and says.
    pub link: Link,
    seen: Arc<Mutex<Seen>>,
    changed: watch::Receiver<usize>,
}

#[derive(Default)]
struct Seen {
    frames: Vec<ServerFrame>,
    /// Where the session began, for a start from nothing after `cursor_invalid`.
    ready: Option<Ready>,
    cursors: Cursors,
    oddities: Vec<String>,
}

impl Device {
    /// Connects with the token in `hello`.
    pub async fn connect(api: &Api, token: &str) -> Self {
        let hello = Hello::with_token(token);
        Self::connect_with(&api.socket_url(), Upgrade::default(), &hello).await
    }

    /// Connects again and resumes where another device object has stopped.
    pub async fn resume(api: &Api, token: &str, former: &Device) -> Self {
        let cursors = former.lock().cursors.clone();
        let hello = Hello::with_token(token).resuming(cursors.resume());
        let connection = Connection::open(&api.socket_url(), Upgrade::default(), &hello)
            .await
            .expect("resuming");
        Self::run(connection, cursors, true)
    }

    /// Connects in any way.
    pub async fn connect_with(url: &str, upgrade: Upgrade, hello: &Hello) -> Self {
        let connection = Connection::open(url, upgrade, hello)
            .await
            .expect("connecting");
        Self::run(connection, Cursors::default(), false)
    }

    fn run(connection: Connection, mut cursors: Cursors, resumed: bool) -> Self {
        let Connection {
            ready,
            link,
            frames,
        } = connection;
        cursors.ready(&ready, resumed);
        if !resumed {
            begin(&mut cursors, &ready);
        }
        let seen = Arc::new(Mutex::new(Seen {
            cursors,
            ready: Some(ready.clone()),
            ..Seen::default()
        }));
        let (count, changed) = watch::channel(0);
        background(listen(frames, Arc::clone(&seen), count));
        Self {
            ready,
            link,
            seen,
            changed,
        }
    }

    /// Waits until `find` finds something in the frames, from the first one on.
    pub async fn wait<T>(
        &self,
        what: &str,
        mut find: impl FnMut(&[ServerFrame]) -> Option<T>,
    ) -> T {
        let mut changed = self.changed.clone();
        let found = async {
            loop {
                changed.borrow_and_update();
                if let Some(found) = find(&self.lock().frames) {
                    return Some(found);
                }
                if changed.changed().await.is_err() {
                    return find(&self.lock().frames);
                }
            }
        };
        let Ok(found) = tokio::time::timeout(DEADLINE, found).await else {
            panic!(
                "not within {DEADLINE:?}: {what}; seen: {:#?}",
                self.lock().frames
            );
        };
        let Some(found) = found else {
            panic!(
                "the connection ended ({:?}) before: {what}",
                self.link.closed().await
            );
        };
        found
    }

    /// Waits for an event of a room's log.
    pub async fn wait_event(&self, room: RoomId, seq: u64) -> Event {
        let what = format!("event {seq} of {room}");
        self.wait(&what, |frames| {
            frames.iter().find_map(|frame| match frame {
                ServerFrame::Event(event) if event.room_id == room && event.seq == seq => {
                    Some(event.clone())
                }
                _ => None,
            })
        })
        .await
    }

    /// Waits for the newest entry of a kind in the person's own log.
    pub async fn wait_user(&self, kind: &str) -> UserEvent {
        self.wait(kind, |frames| {
            frames.iter().rev().find_map(|frame| match frame {
                ServerFrame::User(event) if event.kind == kind => Some(event.clone()),
                _ => None,
            })
        })
        .await
    }

    /// Waits for the end of a resume.
    pub async fn wait_resumed(&self) -> kith_sdk::model::Resumed {
        self.wait("resumed", |frames| {
            frames.iter().find_map(|frame| match frame {
                ServerFrame::Resumed(resumed) => Some(resumed.clone()),
                _ => None,
            })
        })
        .await
    }

    /// Waits for the server's close.
    pub async fn wait_closed(&self, deadline: std::time::Duration) -> Closed {
        within(deadline, "the server closes the socket", self.link.closed()).await
    }

    /// Everything heard so far.
    pub fn frames(&self) -> Vec<ServerFrame> {
        self.lock().frames.clone()
    }

    /// The events of a room heard so far.
    pub fn events(&self, room: RoomId) -> Vec<Event> {
        let of_room = |frame: &ServerFrame| match frame {
            ServerFrame::Event(event) if event.room_id == room => Some(event.clone()),
            _ => None,
        };
        self.lock().frames.iter().filter_map(of_room).collect()
    }

    /// The messages of a room heard so far.
    pub fn messages(&self, room: RoomId) -> Vec<Message> {
        self.events(room)
            .iter()
            .filter_map(Event::message)
            .collect()
    }

    /// The cursors as a `resume` object.
    pub fn cursors(&self) -> Resume {
        self.lock()
            .cursors
            .resume()
            .expect("a connected device has cursors")
    }

    /// Fails when something came that the contract forbids.
    pub fn assert_sound(&self) {
        let seen = self.lock();
        assert!(seen.oddities.is_empty(), "{:#?}", seen.oddities);
    }

    /// Says something under a fresh `client_id`.
    pub async fn send(&self, room: RoomId, text: &str) -> Result<Posted, SocketError> {
        let post = MessagePost {
            client_id: fresh_client_id(),
            text: text.to_owned(),
            reply_to: None,
        };
        self.link.send(room, &post).await
    }

    /// Closes the connection and waits until everything sent before has been taken in.
    pub async fn disconnect(&self) {
        self.link.close();
        within(DEADLINE, "the connection ends", self.link.closed()).await;
        let mut changed = self.changed.clone();
        while changed.changed().await.is_ok() {}
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts at the heads of `ready`: what came before is loaded as history.
fn begin(cursors: &mut Cursors, ready: &Ready) {
    cursors.start(ready.epoch, ready.useq);
    for (&room, &head) in &ready.rooms {
        cursors.track(room, head);
    }
}

async fn listen(mut frames: Frames, seen: Arc<Mutex<Seen>>, count: watch::Sender<usize>) {
    while let Some(frame) = frames.next().await {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.judge(&frame);
        seen.frames.push(frame);
        count.send_replace(seen.frames.len());
    }
}

impl Seen {
    fn judge(&mut self, frame: &ServerFrame) {
        match frame {
            ServerFrame::Event(event) => {
                let cursor = self.cursors.room(event.room_id);
                let verdict = self.cursors.event(event);
                self.expect_next(verdict, || {
                    format!(
                        "{cursor:?} -> {} {} {}",
                        event.room_id, event.seq, event.kind
                    )
                });
            }
            ServerFrame::User(event) => {
                let cursor = self.cursors.useq();
                let verdict = self.cursors.user_event(event.useq);
                self.expect_next(verdict, || {
                    format!("useq {cursor} -> {} {}", event.useq, event.kind)
                });
                match event.body() {
                    UserEventBody::RoomAdded(room) => {
                        self.cursors.room_added(room.id, room.joined_seq);
                    }
                    UserEventBody::RoomRemoved(removed) => {
                        self.cursors
                            .room_removed(removed.room_id, removed.leave_seq);
                    }
                    _ => {}
                }
            }
            ServerFrame::Resumed(resumed) => self.cursors.resumed(resumed),
            ServerFrame::Err(err) if err.code == "cursor_invalid" => {
                self.cursors.invalidate();
                if let Some(ready) = &self.ready {
                    begin(&mut self.cursors, ready);
                }
            }
            _ => {}
        }
    }

    fn expect_next(&mut self, verdict: Verdict, what: impl FnOnce() -> String) {
        if verdict != Verdict::Apply {
            self.oddities.push(format!("{verdict:?}: {}", what()));
        }
    }
}
