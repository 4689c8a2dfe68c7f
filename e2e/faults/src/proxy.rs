//! A TCP proxy that misbehaves on demand: it delays, stalls one way or both, strands connections without closing them,
//! cuts them at any byte. Where it understands what passes (Redis by message, Postgres by statement) it can drop, repeat
//! and swap messages, and stop at an exact point of a protocol: after a commit and before its answer, for example.

mod postgres;
mod redis;
mod websocket;

use std::{
    net::SocketAddr,
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use kith_e2e::background;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpSocket, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{oneshot, watch},
};

pub use self::websocket::Lie;
use self::{
    postgres::Frontend,
    redis::Resp,
    websocket::{Frames, Overheard},
};

const CHUNK: usize = 16 * 1024;
/// The kernel's buffer of a connection of which it is to hold little.
const RECEIVES: u32 = 16 * 1024;

/// What passes through a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// Anything.
    Bytes,
    /// RESP: messages can be told apart.
    Redis,
    /// Postgres' protocol: appends and commits can be told apart.
    Postgres,
    /// WebSocket: what the server says is twisted.
    Twisted(Lie),
}

/// How it misbehaves at the moment; by default it does not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// New connections are closed at once.
    pub refuse: bool,
    /// Everything takes this much longer, each way.
    pub delay: Duration,
    /// Nothing passes to the server.
    pub stall_up: bool,
    /// Nothing passes to the client.
    pub stall_down: bool,
    /// Each connection is cut after some time in this range, in milliseconds, in the middle of what passes.
    pub lifetime_ms: Option<Range<u64>>,
    /// Share of Redis' pushes that are dropped, that are repeated, and that are swapped with the next one; each.
    pub mangle: f64,
    /// Share of Postgres' appends and commits whose connection is cut: before, during or after.
    pub cut_commits: f64,
}

/// A point at which a proxy can stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// An append is about to reach Postgres; nothing is committed.
    BeforeCommit,
    /// An append is committed, and nobody has heard of it.
    AfterCommit,
    /// A hint is about to reach Redis; what it tells of is committed.
    BeforePublish,
}

/// A proxy in front of one server. Ends with the value, and cuts what it carries.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    speaks: Speaks,
    upstream: Mutex<SocketAddr>,
    rules: watch::Sender<Rules>,
    /// Connections below this number are dead.
    cut_below: watch::Sender<u64>,
    /// Connections below this number carry nothing any more, and are not closed.
    stranded_below: watch::Sender<u64>,
    next: AtomicU64,
    random: Mutex<StdRng>,
    armed: Mutex<Option<(Moment, oneshot::Sender<()>)>>,
    overheard: Overheard,
}

/// One connection.
#[derive(Clone)]
struct Line {
    number: u64,
    shared: Arc<Shared>,
    /// What the statement that is on its way is to suffer.
    fate: Arc<Mutex<Fate>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    None,
    /// A commit is on its way; its answer passes.
    Committing,
    /// A commit is on its way; its answer must not pass.
    CutAfter,
}

/// What a pump does with a chunk.
enum Step {
    Pass(Vec<u8>),
    /// Passes it, and ends the connection.
    PassAndCut(Vec<u8>),
    Cut,
    /// Holds it for ever: somebody was told, and will do something about it.
    Hold,
}

impl Proxy {
    /// Listens on a free port.
    pub async fn start(speaks: Speaks, upstream: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            speaks,
            upstream: Mutex::new(upstream),
            rules: watch::Sender::default(),
            cut_below: watch::Sender::new(0),
            stranded_below: watch::Sender::new(0),
            next: AtomicU64::new(0),
            random: Mutex::new(StdRng::seed_from_u64(seed)),
            armed: Mutex::default(),
            overheard: Overheard::default(),
        });
        background(accept(listener, Arc::downgrade(&shared)));
        Self { address, shared }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Leads new connections to another place: the server has moved.
    pub fn lead_to(&self, upstream: SocketAddr) {
        *lock(&self.shared.upstream) = upstream;
    }

    /// Misbehaves from now on as `rules` say.
    pub fn rule(&self, rules: Rules) {
        self.shared.rules.send_replace(rules);
    }

    /// Behaves again; stranded connections stay so.
    pub fn behave(&self) {
        self.rule(Rules::default());
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        let next = self.shared.next.load(Ordering::SeqCst);
        self.shared.cut_below.send_replace(next);
    }

    /// Lets all connections stand without carrying anything, for ever, as when a router forgets them.
    pub fn strand(&self) {
        let next = self.shared.next.load(Ordering::SeqCst);
        self.shared.stranded_below.send_replace(next);
    }

    /// Cuts the stranded connections, so that the other ends learn of it too.
    pub fn bury(&self) {
        let stranded = *self.shared.stranded_below.borrow();
        self.shared
            .cut_below
            .send_modify(|below| *below = stranded.max(*below));
    }

    /// Waits until some connection comes to a point of its protocol, and holds it there.
    pub fn hold_at(&self, moment: Moment) -> impl Future<Output = ()> + Send + use<> {
        let (tell, told) = oneshot::channel();
        *lock(&self.shared.armed) = Some((moment, tell));
        async move {
            // Dropped only when something else is waited for instead.
            let _ = told.await;
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.cut_below.send_replace(u64::MAX);
    }
}

async fn accept(listener: TcpListener, shared: std::sync::Weak<Shared>) {
    loop {
        // A closed proxy notices at the next connection, or at the end of the run.
        let accepted = tokio::time::timeout(Duration::from_secs(1), listener.accept()).await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let Ok(Ok((client, _))) = accepted else {
            continue;
        };
        if *shared.cut_below.borrow() == u64::MAX {
            return;
        }
        if shared.rules.borrow().refuse {
            continue;
        }
        let number = shared.next.fetch_add(1, Ordering::SeqCst);
        let line = Line {
            number,
            shared,
            fate: Arc::new(Mutex::new(Fate::None)),
        };
        background(line.carry(client));
    }
}

impl Line {
    async fn carry(self, client: TcpStream) {
        let upstream = *lock(&self.shared.upstream);
        let Ok(server) = self.connect(upstream).await else {
            return;
        };
        // Small messages are what passes here.
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let mut cut = self.shared.cut_below.subscribe();
        tokio::select! {
            () = self.pump_up(from_client, to_server) => {}
            () = self.pump_down(from_server, to_client) => {}
            () = self.end_of_life() => {}
            _ = cut.wait_for(|below| *below > self.number) => {}
        }
    }

    async fn connect(&self, upstream: SocketAddr) -> std::io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        if self.shared.speaks == Speaks::Redis {
            // What a stalled subscriber does not take is to fill Redis' buffer, not the kernel's.
            socket.set_recv_buffer_size(RECEIVES)?;
        }
        socket.connect(upstream).await
    }

    /// Ends when this connection's time is up, should it have one; rules that come later count too.
    async fn end_of_life(&self) {
        let mut rules = self.shared.rules.subscribe();
        loop {
            let lifetime = rules.borrow_and_update().lifetime_ms.clone();
            let left =
                lifetime.map(|range| self.shared.random(|random| random.random_range(range)));
            tokio::select! {
                () = wait_ms(left) => return,
                _ = rules.changed() => {}
            }
        }
    }

    async fn pump_up(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut frontend = Frontend::default();
        let mut commands = Resp::default();
        let mut chunk = vec![0; CHUNK];
        loop {
            let Ok(length @ 1..) = from.read(&mut chunk).await else {
                // A half-closed client has nothing more to say; its answers may still come.
                let _ = to.shutdown().await;
                return std::future::pending().await;
            };
            let bytes = chunk[..length].to_vec();
            let step = match self.shared.speaks {
                Speaks::Bytes | Speaks::Twisted(_) => Step::Pass(bytes),
                Speaks::Postgres => {
                    let commits = frontend.commits(&bytes);
                    self.judge_commit(bytes, commits)
                }
                Speaks::Redis => {
                    let publishes = commands.take(&bytes).iter().any(|it| redis::publishes(it));
                    if publishes && self.shared.fires(Moment::BeforePublish) {
                        Step::Hold
                    } else {
                        Step::Pass(bytes)
                    }
                }
            };
            self.passable(|rules| rules.stall_up).await;
            if !self.act(step, &mut to).await {
                return;
            }
        }
    }

    async fn pump_down(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut replies = Resp::default();
        let mut frames = Frames::default();
        let mut held_back = None;
        let mut chunk = vec![0; CHUNK];
        loop {
            let Ok(length @ 1..) = from.read(&mut chunk).await else {
                return;
            };
            let bytes = chunk[..length].to_vec();
            let step =
                match self.shared.speaks {
                    Speaks::Bytes => Step::Pass(bytes),
                    Speaks::Postgres => self.judge_answer(bytes),
                    Speaks::Twisted(lie) => Step::Pass(self.shared.random(|random| {
                        frames.twist(&bytes, Some(lie), &self.shared.overheard, random)
                    })),
                    Speaks::Redis => {
                        let share = self.shared.rules.borrow().mangle;
                        let messages = replies.take(&bytes);
                        Step::Pass(self.shared.random(|random| {
                            redis::mangle(messages, share, &mut held_back, random)
                        }))
                    }
                };
            self.passable(|rules| rules.stall_down).await;
            if !self.act(step, &mut to).await {
                return;
            }
        }
    }

    fn judge_commit(&self, bytes: Vec<u8>, commits: bool) -> Step {
        if !commits {
            return Step::Pass(bytes);
        }
        if self.shared.fires(Moment::BeforeCommit) {
            return Step::Hold;
        }
        let share = self.shared.rules.borrow().cut_commits;
        let (cuts, place) = self
            .shared
            .random(|random| (random.random_bool(share), random.random_range(0..3)));
        *lock(&self.fate) = if cuts && place == 2 {
            Fate::CutAfter
        } else {
            Fate::Committing
        };
        match (cuts, place) {
            (true, 0) => Step::Cut,
            (true, 1) => Step::PassAndCut(bytes),
            _ => Step::Pass(bytes),
        }
    }

    fn judge_answer(&self, bytes: Vec<u8>) -> Step {
        if !postgres::is_ready(&bytes) {
            return Step::Pass(bytes);
        }
        match std::mem::replace(&mut *lock(&self.fate), Fate::None) {
            Fate::CutAfter => Step::Cut,
            Fate::Committing if self.shared.fires(Moment::AfterCommit) => Step::Hold,
            Fate::Committing | Fate::None => Step::Pass(bytes),
        }
    }

    /// Waits out delays and stalls; a stranded connection waits for ever.
    async fn passable(&self, stalls: impl Fn(&Rules) -> bool) {
        let delay = self.shared.rules.borrow().delay;
        if delay > Duration::ZERO {
            tokio::time::sleep(delay).await;
        }
        let mut rules = self.shared.rules.subscribe();
        let _ = rules.wait_for(|rules| !stalls(rules)).await;
        if *self.shared.stranded_below.borrow() > self.number {
            std::future::pending::<()>().await;
        }
    }

    /// Whether the connection goes on.
    async fn act(&self, step: Step, to: &mut OwnedWriteHalf) -> bool {
        match step {
            Step::Pass(bytes) => to.write_all(&bytes).await.is_ok(),
            Step::PassAndCut(bytes) => {
                let _ = to.write_all(&bytes).await;
                false
            }
            Step::Cut => false,
            Step::Hold => std::future::pending().await,
        }
    }
}

impl Shared {
    fn random<T>(&self, ask: impl FnOnce(&mut StdRng) -> T) -> T {
        ask(&mut lock(&self.random))
    }

    fn fires(&self, moment: Moment) -> bool {
        let mut armed = lock(&self.armed);
        if armed.as_ref().is_none_or(|(wanted, _)| *wanted != moment) {
            return false;
        }
        armed.take().is_some_and(|(_, tell)| tell.send(()).is_ok())
    }
}

async fn wait_ms(left: Option<u64>) {
    match left {
        Some(left) => tokio::time::sleep(Duration::from_millis(left)).await,
        None => std::future::pending().await,
    }
}

fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use kith_e2e::{eventually, within};

    use super::*;

    /// A server that says everything back.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        background(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                background(async move {
                    let (mut from, mut to) = stream.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        address
    }

    async fn says_back(stream: &mut TcpStream, word: &[u8]) -> bool {
        let mut heard = vec![0; word.len()];
        stream.write_all(word).await.is_ok()
            && stream.read_exact(&mut heard).await.is_ok()
            && heard == word
    }

    #[tokio::test]
    async fn a_stalled_connection_goes_on_and_a_stranded_one_never_does() {
        let proxy = Proxy::start(Speaks::Bytes, echo().await, 1).await;
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(says_back(&mut stream, b"one").await);

        proxy.rule(Rules {
            stall_down: true,
            ..Rules::default()
        });
        let silent = Duration::from_millis(100);
        assert!(
            tokio::time::timeout(silent, says_back(&mut stream, b"two"))
                .await
                .is_err()
        );
        proxy.behave();
        let mut heard = [0; 3];
        within(silent * 50, "it comes late", stream.read_exact(&mut heard))
            .await
            .unwrap();
        assert_eq!(&heard, b"two");

        proxy.strand();
        assert!(
            tokio::time::timeout(silent, says_back(&mut stream, b"three"))
                .await
                .is_err()
        );
        let mut other = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(says_back(&mut other, b"four").await);
        proxy.cut();
        eventually("the cut is seen", async || {
            (!says_back(&mut other, b"five").await).then_some(())
        })
        .await;
    }
}
