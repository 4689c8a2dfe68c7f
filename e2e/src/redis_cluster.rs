//! A private Redis Cluster: masters that share the slots, and replicas that take over when a master dies.

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    eventually_within, free_port,
    servers::{ask_redis, folder},
};

const START: Duration = Duration::from_secs(30);
const MASTERS: usize = 3;
/// Silence after which the others take a node for dead; the least that does not err on a busy machine.
const NODE_TIMEOUT_MS: u32 = 2_000;

/// Its nodes. Ends with the value.
pub struct RedisCluster {
    nodes: Vec<Member>,
}

/// One server of it.
struct Member {
    folder: TempDir,
    port: u16,
    talk_port: u16,
    child: Option<Child>,
}

impl RedisCluster {
    /// Three masters, and so many replicas of each.
    pub async fn start(replicas: usize) -> Self {
        let count = MASTERS * (1 + replicas);
        let mut cluster = Self {
            nodes: (0..count).map(|_| Member::start()).collect(),
        };
        for place in 0..count {
            cluster.answers(place).await;
        }
        let made = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(cluster.nodes.iter().map(|it| it.address().to_string()))
            .args(["--cluster-replicas", &replicas.to_string()])
            .arg("--cluster-yes")
            .output()
            .expect("running redis-cli");
        let said = String::from_utf8_lossy(&made.stdout);
        assert!(made.status.success(), "{said}");
        cluster.is_whole().await;
        cluster.is_replicated().await;
        cluster
    }

    /// The addresses of all nodes, as a configuration takes them.
    pub fn urls(&self) -> String {
        let urls = self
            .nodes
            .iter()
            .map(|it| format!("redis://{}", it.address()));
        urls.collect::<Vec<_>>().join(",")
    }

    /// Where the first master listens.
    pub fn first(&self) -> SocketAddr {
        self.nodes[0].address()
    }

    /// Kills the first master, as made: without a replica its slots have no server.
    pub fn kill_first(&mut self) {
        self.nodes[0].kill();
    }

    /// Starts it again, and waits until the cluster has all its slots.
    pub async fn resume_first(&mut self) {
        self.nodes[0].resume();
        self.answers(0).await;
        self.is_whole().await;
    }

    /// Waits until all living nodes say that every slot has a server.
    pub async fn is_whole(&mut self) {
        eventually_within(START, "the Redis Cluster has all slots", async || {
            let mut living = self.nodes.iter().filter(|it| it.child.is_some());
            living
                .all(|it| it.ask(&["cluster", "info"]).contains("cluster_state:ok"))
                .then_some(())
        })
        .await;
    }

    /// Waits until every replica has what its master has: one that never had it takes no master's place.
    async fn is_replicated(&self) {
        eventually_within(START, "the replicas follow", async || {
            let mut told = self.nodes.iter().map(|it| it.ask(&["info", "replication"]));
            told.all(|it| it.contains("role:master") || it.contains("master_link_status:up"))
                .then_some(())
        })
        .await;
    }

    async fn answers(&mut self, place: usize) {
        eventually_within(START, "a Redis node answers", async || {
            self.nodes[place]
                .ask(&["ping"])
                .contains("PONG")
                .then_some(())
        })
        .await;
    }
}

impl Member {
    fn start() -> Self {
        let mut node = Self {
            folder: folder("kith-redis-"),
            port: free_port(),
            talk_port: free_port(),
            child: None,
        };
        node.resume();
        node
    }

    fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    fn resume(&mut self) {
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", ""])
            .args(["--port", &self.port.to_string()])
            .args(["--cluster-port", &self.talk_port.to_string()])
            .args(["--cluster-enabled", "yes"])
            .args(["--repl-diskless-sync-delay", "0"])
            .args(["--cluster-node-timeout", &NODE_TIMEOUT_MS.to_string()])
            .arg("--dir")
            .arg(self.folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("starting redis-server");
        self.child = Some(child);
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// What it answers; nothing while it does not.
    fn ask(&self, words: &[&str]) -> String {
        ask_redis(self.port, words)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.kill();
    }
}
