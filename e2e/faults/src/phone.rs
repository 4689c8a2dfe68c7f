//! A device of a person. Half of them are made of the SDK's parts (cursors, an outbox, backoff, a socket), and write down every
//! frame that comes: what came out of order or not at all stays visible in the history. The other half are the SDK's client
//! as it is, which repairs what it is to repair. All of them talk, read, lose their connection and come back as an app does.

mod bot;
mod hearing;
mod sending;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use kith_e2e::background;
use kith_sdk::{
    backoff::Backoff,
    model::{Event, Fetched, RoomId, Session, UserId},
    outbox::Outbox,
    rest::Api,
    socket::{ConnectError, Connection, Hello, Link, SocketError, Upgrade},
    sync::Cursors,
};
use rand::{RngExt as _, rngs::StdRng};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::Instant,
};

use crate::history::{History, What};
use bot::{Bot, Notebook};
use hearing::AfterFetch;
use sending::Attempted;

/// An attempt to connect that takes longer is given up.
const CONNECTING: Duration = Duration::from_secs(10);
/// Beyond the heartbeat: a server that is silent for longer is gone.
const SILENCE: Duration = Duration::from_secs(10);
/// The longest wait between attempts to connect that a run has time for.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// What all devices of a run share.
pub(crate) struct Air {
    /// Where everything is written down.
    pub(crate) history: History,
    /// The network is said to be good again: try at once.
    pub(crate) network_up: Notify,
    /// Milliseconds between two messages of one device; 0: silence.
    pub(crate) gap_ms: AtomicU64,
}

/// A device.
pub(crate) struct Phone {
    /// Such as `p3.1`.
    pub(crate) name: String,
    /// Whose it is.
    pub(crate) user: UserId,
    kind: Kind,
    stop: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

enum Kind {
    /// Made of the SDK's parts.
    Parts(Arc<Shared>),
    /// The SDK's client.
    Client(Notebook, watch::Receiver<bool>),
}

struct Shared {
    name: String,
    user: UserId,
    /// The same session at each of the gates.
    gates: Vec<Api>,
    token: String,
    air: Arc<Air>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    cursors: Cursors,
    outbox: Outbox,
    /// Where the newest stay in each room begins, as far as it is known.
    floors: HashMap<RoomId, u64>,
    fetching: HashMap<RoomId, Fetching>,
    is_connected: bool,
}

/// A room that is being fetched. The connection hands answers and events over on ways of their own, so which of them came
/// first is known again when the answer is here.
#[derive(Default)]
struct Fetching {
    /// What came meanwhile.
    held: Vec<Event>,
    /// The queue has overflowed again: there is more to fetch.
    again: bool,
}

/// What the task of a device owns.
struct Life {
    shared: Arc<Shared>,
    random: StdRng,
    backoff: Backoff,
    attempts: usize,
    sends: FuturesUnordered<BoxFuture<'static, Attempted>>,
    fetches: FuturesUnordered<BoxFuture<'static, (RoomId, Result<Fetched, SocketError>)>>,
    stop: watch::Receiver<bool>,
    talk_at: Instant,
}

impl Phone {
    /// Switches a device on. Its first gate is `home`.
    pub(crate) fn start(
        name: String,
        user: UserId,
        (gates, token, home): (Vec<Api>, String, usize),
        air: &Arc<Air>,
        random: StdRng,
    ) -> Self {
        air.history.add(What::Device {
            device: name.clone(),
            user,
        });
        let shared = Arc::new(Shared {
            name: name.clone(),
            user,
            gates,
            token,
            air: Arc::clone(air),
            state: Mutex::default(),
        });
        let (stop, stopped) = watch::channel(false);
        let life = Life {
            shared: Arc::clone(&shared),
            random,
            backoff: Backoff::default(),
            attempts: home,
            sends: FuturesUnordered::new(),
            fetches: FuturesUnordered::new(),
            stop: stopped,
            talk_at: Instant::now(),
        };
        let task = background(life.run());
        Self {
            name,
            user,
            kind: Kind::Parts(shared),
            stop,
            task: Mutex::new(Some(task)),
        }
    }

    /// The same with the SDK's client.
    pub(crate) fn start_client(
        name: String,
        session: &Session,
        gates: Vec<Api>,
        air: &Arc<Air>,
        random: StdRng,
    ) -> Self {
        let user = session.user.user.id;
        air.history.add(What::Device {
            device: name.clone(),
            user,
        });
        let notebook = Notebook::new(name.clone(), user, air);
        let (stop, stopped) = watch::channel(false);
        let (connected, is_connected) = watch::channel(false);
        let bot = Bot {
            notebook: notebook.clone(),
            gates,
            // Its other devices have the same session, and a refresh token is good once.
            session: Session {
                refresh_token: None,
                ..session.clone()
            },
            random,
            stop: stopped,
            is_connected: connected,
        };
        Self {
            name,
            user,
            kind: Kind::Client(notebook, is_connected),
            stop,
            task: Mutex::new(Some(background(bot.run()))),
        }
    }

    /// Switches it off, and waits until it is.
    pub(crate) async fn stop(&self) {
        self.stop.send_replace(true);
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task {
            // A device that panicked is a failure of the run.
            task.await.expect("the device");
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        match &self.kind {
            Kind::Parts(shared) => shared.lock().is_connected,
            Kind::Client(_, is_connected) => *is_connected.borrow(),
        }
    }

    /// Whether nothing that it has to say is unsaid.
    pub(crate) fn has_said_all(&self) -> bool {
        match &self.kind {
            Kind::Parts(shared) => shared.lock().outbox.is_empty(),
            Kind::Client(notebook, _) => notebook.has_said_all(),
        }
    }

    /// How far it is in a room that it knows.
    pub(crate) fn cursor(&self, room: RoomId) -> Option<u64> {
        match &self.kind {
            Kind::Parts(shared) => shared.lock().cursors.room(room),
            Kind::Client(notebook, _) => notebook.cursor(room),
        }
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        // Also when a run dies early: a device that nobody stops would go on through the runs after it.
        self.stop.send_replace(true);
    }
}

impl Shared {
    async fn connect(&self, gate: usize) -> Result<Connection, String> {
        let api = &self.gates[gate];
        let resume = self.lock().cursors.resume();
        let hello = Hello::with_token(&self.token).resuming(resume);
        let url = api.socket_url();
        let opening = Connection::open(&url, Upgrade::default(), &hello);
        match tokio::time::timeout(CONNECTING, opening).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => {
                if let ConnectError::Refused { refused, .. } = &error {
                    self.note_refusal("hello", None, &refused.code, true);
                }
                if let ConnectError::NoUpgrade(status, _) = &error {
                    self.note_refusal("upgrade", Some(*status), "", true);
                }
                Err(error.to_string())
            }
            Err(_) => Err("no answer to hello".to_owned()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, what: What) {
        self.air.history.add(what);
    }

    fn note_refusal(&self, call: &str, status: Option<u16>, code: &str, hint: bool) {
        self.note(What::Refused {
            by: self.name.clone(),
            call: call.to_owned(),
            status: status.unwrap_or(0),
            code: code.to_owned(),
            hint,
        });
    }
}

impl Life {
    async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        while !*self.stop.borrow() {
            let gate = self.attempts % self.shared.gates.len();
            self.attempts += 1;
            let wait = match shared.connect(gate).await {
                Ok(connection) => {
                    self.backoff.reset();
                    // As long as a gate is good there is no reason to go to another.
                    self.attempts = gate;
                    self.live(connection, gate).await
                }
                Err(why) => {
                    self.down(why);
                    None
                }
            };
            let wait = wait.unwrap_or_else(|| {
                let share = self.random.random_range(0.0..1.0);
                self.backoff.delay_at(share).min(LONGEST_WAIT)
            });
            self.pause(wait).await;
        }
    }

    /// One connection, from `ready` to its end. Gives the wait that the server asked for, if it did.
    async fn live(&mut self, connection: Connection, gate: usize) -> Option<Duration> {
        let Connection {
            ready,
            link,
            mut frames,
        } = connection;
        let shared = Arc::clone(&self.shared);
        shared.arrived(&ready, gate);
        let silence = Duration::from_millis(ready.heartbeat_ms) + SILENCE;
        let mut heard_at = Instant::now();
        let mut wait = None;
        let why = loop {
            self.put_on_the_wire(&link, gate);
            tokio::select! {
                _ = self.stop.changed() => { link.close(); break "switched off".to_owned() }
                frame = frames.next() => {
                    let Some(frame) = frame else {
                        let closed = frames.closed().await;
                        break format!("{:?} {}", closed.code, closed.reason);
                    };
                    heard_at = Instant::now();
                    let heard = shared.hear(&frame, &ready);
                    wait = heard.wait.or(wait);
                    for (room, after) in heard.fetch {
                        self.fetch(&link, room, after);
                    }
                    if heard.ends {
                        link.close();
                        break "to resume".to_owned();
                    }
                }
                () = tokio::time::sleep_until(heard_at + silence) => break "silence".to_owned(),
                () = tokio::time::sleep_until(self.talk_at) => self.talk(&link),
                Some(sent) = self.sends.next(), if !self.sends.is_empty() => shared.settle(sent),
                Some((room, fetched)) = self.fetches.next(), if !self.fetches.is_empty() => {
                    match shared.fetched(room, fetched) {
                        AfterFetch::Done => {}
                        AfterFetch::GoOn(after) => self.fetch(&link, room, after),
                        AfterFetch::Resume => {
                            link.close();
                            break "to resume".to_owned();
                        }
                    }
                }
            }
        };
        self.down(why);
        wait
    }

    /// Waits, and hears of what is still on its way over REST.
    async fn pause(&mut self, wait: Duration) {
        let over = tokio::time::sleep(wait);
        tokio::pin!(over);
        let shared = Arc::clone(&self.shared);
        loop {
            tokio::select! {
                () = &mut over => return,
                () = shared.air.network_up.notified() => return,
                // Also when `live` has seen it already.
                _ = self.stop.wait_for(|stop| *stop) => return,
                Some(sent) = self.sends.next(), if !self.sends.is_empty() => shared.settle(sent),
            }
        }
    }

    fn down(&mut self, why: String) {
        {
            let mut state = self.shared.lock();
            state.is_connected = false;
            state.outbox.disconnect();
            state.fetching.clear();
        }
        self.fetches.clear();
        self.shared.note(What::Down {
            device: self.shared.name.clone(),
            why,
        });
    }

    fn fetch(&self, link: &Link, room: RoomId, after: u64) {
        self.shared.lock().fetching.entry(room).or_default();
        let link = link.clone();
        self.fetches
            .push(async move { (room, link.fetch(room, after, Some(1_000)).await) }.boxed());
    }

    /// Says something, or reads, and decides when to do so again.
    fn talk(&mut self, link: &Link) {
        let gap = self.shared.air.gap_ms.load(Ordering::Relaxed);
        if gap == 0 {
            self.talk_at = Instant::now() + Duration::from_millis(100);
            return;
        }
        let gap = self.random.random_range(gap / 2..gap * 3 / 2);
        self.talk_at = Instant::now() + Duration::from_millis(gap);
        let Some(room) = self.any_room() else {
            return;
        };
        if self.random.random_bool(0.1) {
            self.read(link, room);
        } else {
            self.say_something(room);
        }
    }

    fn any_room(&mut self) -> Option<RoomId> {
        let rooms: Vec<_> = self
            .shared
            .lock()
            .cursors
            .resume()?
            .rooms
            .into_keys()
            .collect();
        if rooms.is_empty() {
            return None;
        }
        Some(rooms[self.random.random_range(0..rooms.len())])
    }
}
