//! The processes of a run and the proxies between them: nodes on one Postgres and one Redis, each with a proxy of its own
//! to both, and a gate in front of each node that devices reach. Only what was started here is signalled.

use std::{net::SocketAddr, path::PathBuf};

use kith_e2e::{Load, Node, Postgres, Redis, Settings, eventually, free_port};
use kith_sdk::rest::Api;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{Connection as _, PgConnection};

use crate::proxy::{Lie, Proxy, Speaks};

/// What the nodes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Two nodes of all roles.
    Joined,
    /// The same, and they know each other: the sends of a room go to one of them.
    Acquainted,
    /// Two gateways, and behind each of them a node with the services.
    Apart,
}

/// A node and its surroundings.
pub(crate) struct Place {
    /// Such as `gateway 1`.
    pub(crate) name: String,
    node: Option<Node>,
    /// Its way to Postgres.
    pub(crate) postgres: Proxy,
    /// Its way to Redis.
    pub(crate) redis: Proxy,
    /// The way to it: of devices to a gateway, of a gateway to its services.
    pub(crate) gate: Proxy,
    is_gateway: bool,
    /// What it complained of before it was started anew.
    complained: Vec<String>,
}

/// Everything that runs.
pub(crate) struct World {
    pub(crate) postgres: Postgres,
    pub(crate) redis: Redis,
    /// Services first.
    pub(crate) places: Vec<Place>,
    /// Configuration of all nodes.
    variables: Vec<(&'static str, String)>,
}

/// How to start the processes.
pub(crate) struct Making {
    pub(crate) kith: PathBuf,
    pub(crate) shape: Shape,
    pub(crate) seed: u64,
    /// Whether Postgres counts statements.
    pub(crate) counts: bool,
    /// How the gates twist what gateways say, if they do.
    pub(crate) lie: Option<Lie>,
    /// Configuration of all nodes.
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl World {
    pub(crate) async fn start(making: &Making) -> Self {
        let (mut postgres, redis) = futures::join!(Postgres::start(), Redis::start());
        if making.counts {
            Load::begin_counting(&mut postgres).await;
        }
        let mut world = Self {
            postgres,
            redis,
            places: Vec::new(),
            variables: making.variables.clone(),
        };
        match making.shape {
            Shape::Joined => {
                for name in ["node 0", "node 1"] {
                    let place = world.place(making, name, &[]).await;
                    world.places.push(place);
                }
            }
            Shape::Acquainted => {
                let addresses = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
                let urls = addresses
                    .each_ref()
                    .map(|address| format!("http://{address}"));
                for (name, address) in ["node 0", "node 1"].into_iter().zip(addresses) {
                    let variables = [
                        ("KITH__SERVER__INTERNAL_LISTEN", address),
                        ("KITH__UPSTREAM__CHAT", urls.join(",")),
                    ];
                    let place = world.place(making, name, &variables).await;
                    world.places.push(place);
                }
            }
            Shape::Apart => {
                let services = (
                    "KITH__NODE__ROLES",
                    "accounts,friends,chat,presence".to_owned(),
                );
                for name in ["services 0", "services 1"] {
                    let place = world
                        .place(making, name, std::slice::from_ref(&services))
                        .await;
                    world.places.push(place);
                }
                for (behind, name) in ["gateway 0", "gateway 1"].into_iter().enumerate() {
                    let address = format!("http://{}", world.places[behind].gate.address());
                    let variables = [
                        ("KITH__NODE__ROLES", "gateway".to_owned()),
                        ("KITH__UPSTREAM__ACCOUNTS", address.clone()),
                        ("KITH__UPSTREAM__FRIENDS", address.clone()),
                        ("KITH__UPSTREAM__CHAT", address.clone()),
                        ("KITH__UPSTREAM__PRESENCE", address),
                    ];
                    let place = world.place(making, name, &variables).await;
                    world.places.push(place);
                }
            }
        }
        world
    }

    async fn place(
        &self,
        making: &Making,
        name: &str,
        variables: &[(&'static str, String)],
    ) -> Place {
        let seed = making.seed.wrapping_add(1_000 * self.places.len() as u64);
        let postgres = Proxy::start(Speaks::Postgres, self.postgres.address(), seed).await;
        let redis = Proxy::start(Speaks::Redis, self.redis.address(), seed + 1).await;
        let mut settings = Settings::default()
            .with_binary(&making.kith)
            .with_postgres(&format!(
                "postgres://postgres@{}/postgres",
                postgres.address()
            ))
            .with_redis(&format!("redis://{}", redis.address()))
            // Devices notice silence, and themselves, in the time that a run has.
            .with("KITH__GATEWAY__HEARTBEAT", "5s");
        for (variable, value) in making.variables.iter().chain(variables) {
            settings = settings.with(variable, value);
        }
        let is_gateway = !name.starts_with("services");
        let node = Node::start_with(settings).await;
        let speaks = making
            .lie
            .filter(|_| is_gateway)
            .map_or(Speaks::Bytes, Speaks::Twisted);
        let gate = Proxy::start(speaks, address_of(&node, is_gateway), seed + 2).await;
        Place {
            name: name.to_owned(),
            node: Some(node),
            postgres,
            redis,
            gate,
            is_gateway,
            complained: Vec::new(),
        }
    }

    /// What all nodes were told by this name.
    pub(crate) fn variable(&self, name: &str) -> &str {
        let told = self.variables.iter().find(|(told, _)| *told == name);
        &told.expect("the nodes were told").1
    }

    /// The places that devices reach.
    pub(crate) fn gateways(&self) -> Vec<usize> {
        (0..self.places.len())
            .filter(|&at| self.places[at].is_gateway)
            .collect()
    }

    /// The places that write.
    pub(crate) fn writers(&self) -> Vec<usize> {
        let apart = self.places.iter().any(|place| !place.is_gateway);
        (0..self.places.len())
            .filter(|&at| !apart || !self.places[at].is_gateway)
            .collect()
    }

    /// The API behind each gate that devices reach, nobody logged in.
    pub(crate) fn apis(&self) -> Vec<Api> {
        let api =
            |at: usize| Api::new(&format!("http://{}", self.places[at].gate.address())).unwrap();
        self.gateways().into_iter().map(api).collect()
    }

    /// A connection to Postgres that no fault touches.
    pub(crate) async fn database(&self) -> PgConnection {
        PgConnection::connect(&self.postgres.url())
            .await
            .expect("connecting to Postgres")
    }

    /// SIGKILL.
    pub(crate) async fn kill(&mut self, at: usize) {
        self.place_mut(at).kill().await;
    }

    /// SIGTERM, and its end.
    pub(crate) async fn stop(&mut self, at: usize) -> std::process::ExitStatus {
        self.place_mut(at).stop().await
    }

    /// Starts a node that ended.
    pub(crate) async fn restart(&mut self, at: usize) {
        let place = &mut self.places[at];
        // What hung at a moment of its former life must not hang on.
        for proxy in [&place.postgres, &place.redis, &place.gate] {
            proxy.cut();
        }
        place.complained = place.complaints();
        let node = place.node.take().unwrap().restart().await;
        place.gate.lead_to(address_of(&node, place.is_gateway));
        place.node = Some(node);
    }

    /// SIGSTOP, or SIGCONT.
    pub(crate) fn freeze(&self, at: usize, frozen: bool) {
        signal(
            self.node(at).process_id(),
            if frozen { Signal::STOP } else { Signal::CONT },
        );
    }

    /// The same for Redis.
    pub(crate) fn freeze_redis(&self, frozen: bool) {
        signal(
            self.redis.process_id(),
            if frozen { Signal::STOP } else { Signal::CONT },
        );
    }

    /// The node of a place.
    pub(crate) fn node(&self, at: usize) -> &Node {
        self.places[at].node.as_ref().unwrap()
    }

    fn place_mut(&mut self, at: usize) -> &mut Node {
        self.places[at].node.as_mut().unwrap()
    }

    /// Files that a node has open.
    pub(crate) fn files(&self, at: usize) -> u64 {
        let folder = format!("/proc/{}/fd", self.node(at).process_id());
        std::fs::read_dir(folder).map_or(0, |entries| entries.count() as u64)
    }

    /// Says something to Redis by hand; gives the beginning of its answer.
    pub(crate) async fn tell_redis(&self, command: &str) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(self.redis.address())
            .await
            .unwrap();
        stream
            .write_all(format!("{command}\r\n").as_bytes())
            .await
            .unwrap();
        let mut answer = vec![0; 1_024];
        let length = stream.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }

    /// Waits until a gateway says that it is ready.
    pub(crate) async fn wait_ready(&self, at: usize) {
        let api = self.node(at).api();
        eventually("the node is ready", async || {
            let answer = api
                .request(reqwest::Method::GET, "/readyz")
                .send()
                .await
                .ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }
}

impl Place {
    /// Lines of its output that no node should print, in all its lives.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let output = self.node.as_ref().map(Node::output).unwrap_or_default();
        let complaints = output
            .lines()
            .filter(|line| line.contains("panicked at") || line.contains("\"level\":\"ERROR\""));
        let mut all = self.complained.clone();
        all.extend(complaints.map(str::to_owned));
        all
    }
}

fn address_of(node: &Node, is_gateway: bool) -> SocketAddr {
    let address = if is_gateway {
        node.address().to_owned()
    } else {
        node.internal_address()
    };
    address.parse().expect("an address")
}

fn signal(process: u32, signal: Signal) {
    let pid = Pid::from_raw(process.cast_signed()).unwrap();
    // Only of processes of this world, which are its children and not yet waited for.
    kill_process(pid, signal).unwrap();
}
