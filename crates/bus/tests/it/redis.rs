//! What a bus over a network must survive: the connections' end.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use kith_bus::{Bus, Servers, Signal};
use kith_runtime::{Shutdown, Tasks};
use kith_testkit::eventually;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use super::{next, settle, shards};

/// A way to Redis that can be cut.
struct Proxy {
    url: String,
    tasks: Tasks,
    is_cut: Arc<AtomicBool>,
    connections: std::sync::Mutex<Shutdown>,
}

impl Proxy {
    async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Arc::new(Self {
            url: format!("redis://{}", listener.local_addr().unwrap()),
            tasks: Tasks::new(Shutdown::new()),
            is_cut: Arc::default(),
            connections: std::sync::Mutex::new(Shutdown::new()),
        });
        let accepting = Arc::clone(&proxy);
        proxy.tasks.spawn("proxy", async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepting.forward(stream);
            }
        });
        proxy
    }

    fn forward(&self, mut stream: TcpStream) {
        if self.is_cut.load(Ordering::Acquire) {
            return;
        }
        let end = self.connections.lock().unwrap().clone();
        self.tasks.spawn("proxied", async move {
            let url = kith_testkit::redis_url();
            let address = url.strip_prefix("redis://").unwrap().trim_end_matches('/');
            let mut redis = TcpStream::connect(address).await.unwrap();
            tokio::select! {
                _ = copy_bidirectional(&mut stream, &mut redis) => {}
                () = end.signalled() => {}
            }
        });
    }

    fn cut(&self) {
        self.is_cut.store(true, Ordering::Release);
        std::mem::take(&mut *self.connections.lock().unwrap()).signal();
    }

    fn mend(&self) {
        self.is_cut.store(false, Ordering::Release);
    }
}

#[tokio::test]
async fn a_lost_connection_is_told_and_the_shards_come_back() {
    let proxy = Proxy::start().await;
    let tasks = Tasks::new(Shutdown::new());
    let bus = Bus::redis(&Servers::new(&proxy.url, false).unwrap(), &tasks).unwrap();
    let subscription = bus.subscribe();
    let [shard, added_meanwhile] = shards();
    settle(&bus, &subscription, shard).await;

    proxy.cut();
    eventually("the loss is noticed", || async {
        (!bus.is_healthy()).then_some(())
    })
    .await;
    // Nobody waits for a Redis that is away.
    subscription.add(&[added_meanwhile]).await;
    bus.publish(shard, Bytes::from_static(b"into the void"));
    proxy.mend();

    assert_eq!(next(&subscription).await, Signal::Interrupted);
    eventually("publishing works again", || async {
        bus.is_healthy().then_some(())
    })
    .await;
    for shard in [shard, added_meanwhile] {
        bus.publish(shard, Bytes::from_static(b"back"));
        let payload = Bytes::from_static(b"back");
        assert_eq!(
            next(&subscription).await,
            Signal::Message { shard, payload }
        );
    }
}

#[tokio::test]
async fn a_redis_that_is_not_there_delays_nobody() {
    for is_cluster in [false, true] {
        let tasks = Tasks::new(Shutdown::new());
        let servers = Servers::new("redis://127.0.0.1:1", is_cluster).unwrap();
        let bus = Bus::redis(&servers, &tasks).unwrap();
        let subscription = bus.subscribe();

        subscription.add(&[1, 2, 3]).await;
        bus.publish(1, Bytes::from_static(b"into the void"));

        assert!(!bus.is_healthy());
    }
}

#[tokio::test]
async fn a_cluster_is_found_by_one_of_its_nodes() {
    let urls = kith_testkit::redis_cluster_urls();
    let one = urls.split(',').next().unwrap();
    let tasks = Tasks::new(Shutdown::new());
    let bus = Bus::redis(&Servers::new(one, true).unwrap(), &tasks).unwrap();
    let subscription = bus.subscribe();

    for shard in shards::<40>() {
        settle(&bus, &subscription, shard).await;
    }

    eventually("all of it is reached", || async {
        bus.is_healthy().then_some(())
    })
    .await;
}
