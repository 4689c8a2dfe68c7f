//! A way to Postgres that can be cut, and that can swallow an answer.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU8, Ordering},
};

use kith_runtime::{Shutdown, Tasks};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy},
    net::{TcpListener, TcpStream, tcp},
};

const IDLE: u8 = 0;
const ARMED: u8 = 1;
const SWALLOWED: u8 = 2;

/// Forwards connections.
pub(crate) struct Proxy {
    /// Where it listens, as a database's URL.
    pub(crate) url: String,
    target: String,
    swallowing: AtomicU8,
    is_cut: AtomicBool,
    connections: Mutex<Shutdown>,
}

impl Proxy {
    /// Starts in front of the server of this URL.
    pub(crate) async fn start(url: &str, tasks: &Tasks) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = url.split('@').nth(1).unwrap();
        let target = address.split(['/', '?']).next().unwrap();
        let proxy = Arc::new(Self {
            url: url.replace(target, &listener.local_addr().unwrap().to_string()),
            target: target.to_owned(),
            swallowing: AtomicU8::new(IDLE),
            is_cut: AtomicBool::new(false),
            connections: Mutex::new(Shutdown::new()),
        });
        let accept = Self::accept(Arc::clone(&proxy), listener, tasks.clone());
        tasks.spawn("proxy", accept);
        proxy
    }

    async fn accept(proxy: Arc<Self>, listener: TcpListener, tasks: Tasks) {
        while let Ok((stream, _)) = listener.accept().await {
            if proxy.is_cut.load(Ordering::SeqCst) {
                continue;
            }
            let forwarding = Arc::clone(&proxy);
            tasks.spawn("proxied", async move { forwarding.forward(stream).await });
        }
    }

    /// The next answer to anybody is read and thrown away, and its connection is closed.
    pub(crate) fn swallow_next_answer(&self) {
        self.swallowing.store(ARMED, Ordering::SeqCst);
    }

    /// Whether that has happened.
    pub(crate) fn has_swallowed(&self) -> bool {
        self.swallowing.load(Ordering::SeqCst) == SWALLOWED
    }

    /// Ends all connections and takes no new ones.
    pub(crate) fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        std::mem::take(&mut *self.connections.lock().unwrap()).signal();
    }

    /// Takes new connections again.
    pub(crate) fn mend(&self) {
        self.is_cut.store(false, Ordering::SeqCst);
    }

    async fn forward(&self, client: TcpStream) {
        let end = self.connections.lock().unwrap().clone();
        let server = TcpStream::connect(&self.target).await.unwrap();
        let (mut from_client, to_client) = client.into_split();
        let (from_server, mut to_server) = server.into_split();
        tokio::select! {
            _ = copy(&mut from_client, &mut to_server) => {}
            () = self.answer(from_server, to_client) => {}
            () = end.signalled() => {}
        }
    }

    async fn answer(&self, mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf) {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let Ok(count @ 1..) = from.read(&mut buffer).await else {
                return;
            };
            let swallows = self
                .swallowing
                .compare_exchange(ARMED, SWALLOWED, Ordering::SeqCst, Ordering::SeqCst)
                .is_ok();
            if swallows || to.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
    }
}
