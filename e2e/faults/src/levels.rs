//! I12: what a run uses while people are there, and what of it is still used when they have gone.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    history::{History, What},
    scene::Mode,
    world::World,
};

/// How long things may take to go back to their former level.
const LEVELLING: Duration = Duration::from_secs(20);
/// The same for channels: gateways keep the logs of people who left for half a minute, because people come back.
const LINGERING: Duration = Duration::from_secs(50);
const POLL: Duration = Duration::from_millis(200);
/// Files that a node may have open beyond those of its start: pools fill while there is work, and are bounded.
const FILES: u64 = 40;
/// The same for tasks: each connection of another node, or of a test that keeps one open, has one or two.
const TASKS: u64 = 60;
/// Connections that the pools of a node hold at most, by the service that uses them; with the reserved ones.
const POOLS: &[(&str, u64)] = &[("accounts", 8), ("friends", 4), ("chat", 12)];
/// Connections to Redis that come and go with what a node does.
const REDIS: u64 = 8;

/// What there is before anybody comes.
pub(crate) struct Levels {
    files: Vec<u64>,
    tasks: Vec<u64>,
    subscriptions: u64,
    redis: u64,
}

impl Levels {
    /// Measures it.
    pub(crate) async fn take(world: &World) -> Self {
        let mut levels = Self {
            files: Vec::new(),
            tasks: Vec::new(),
            subscriptions: subscriptions(world).await,
            redis: redis_clients(world).await,
        };
        for at in 0..world.places.len() {
            levels.files.push(world.files(at));
            levels.tasks.push(gauge(world, at, "kith_tasks").await);
        }
        levels
    }

    /// Waits until everything is as low again, as long as that may take, and notes how it is then.
    pub(crate) async fn compare(&self, world: &World, history: &History, mode: Mode) {
        let of = Comparison {
            history,
            patience: LEVELLING,
        };
        for at in world.gateways() {
            let what = format!("sockets of {}", world.places[at].name);
            let sockets = async || gauge(world, at, "kith_ws_sockets").await;
            of.level(&what, 0, 0, sockets).await;
        }
        for (at, place) in world.places.iter().enumerate() {
            let what = format!("files of {}", place.name);
            of.level(&what, self.files[at], FILES, async || world.files(at))
                .await;
            let what = format!("tasks of {}", place.name);
            let tasks = async || gauge(world, at, "kith_tasks").await;
            of.level(&what, self.tasks[at], TASKS, tasks).await;
        }
        for (service, size) in POOLS {
            let pools = size * world.writers().len() as u64;
            let what = format!("connections to Postgres of {service}");
            let held = format!("application_name = 'kith-{service}'");
            of.level(&what, 0, pools, async || backends(world, &held).await)
                .await;
        }
        let busy = "application_name LIKE 'kith-%' AND state <> 'idle'";
        of.level("connections to Postgres in use", 0, 0, async || {
            backends(world, busy).await
        })
        .await;
        let open = "state LIKE 'idle in transaction%'";
        of.level("transactions left open", 0, 0, async || {
            backends(world, open).await
        })
        .await;
        of.level("connections to Redis", self.redis, REDIS, async || {
            redis_clients(world).await
        })
        .await;
        // A quick run has no time to wait for that.
        if mode == Mode::Full {
            let patience = LINGERING;
            let of = Comparison { history, patience };
            let channels = async || subscriptions(world).await;
            let what = "channels that nodes listen to";
            of.level(what, self.subscriptions, 0, channels).await;
        }
    }
}

struct Comparison<'a> {
    history: &'a History,
    patience: Duration,
}

impl Comparison<'_> {
    async fn level(&self, what: &str, before: u64, slack: u64, measure: impl AsyncFn() -> u64) {
        let deadline = Instant::now() + self.patience;
        let mut after = measure().await;
        while after > before + slack && Instant::now() < deadline {
            tokio::time::sleep(POLL).await;
            after = measure().await;
        }
        self.history.add(What::Level {
            what: what.to_owned(),
            before,
            after,
            slack,
        });
    }
}

/// A gauge of a node that counts things.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count, far below what a float holds exactly"
)]
async fn gauge(world: &World, at: usize, name: &str) -> u64 {
    let value = world.node(at).metric(name).await;
    value.unwrap_or(0.0).max(0.0).round() as u64
}

async fn backends(world: &World, which: &str) -> u64 {
    let mut db = world.database().await;
    let text = format!("SELECT count(*) FROM pg_stat_activity WHERE {which}");
    let count = sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(text));
    count.fetch_one(&mut db).await.unwrap().cast_unsigned()
}

/// Channels that somebody is subscribed to.
async fn subscriptions(world: &World) -> u64 {
    let mut channels = 0;
    for command in ["PUBSUB CHANNELS", "PUBSUB SHARDCHANNELS"] {
        let answer = world.tell_redis(command).await;
        let count = answer
            .strip_prefix('*')
            .and_then(|rest| rest.lines().next());
        channels += count
            .and_then(|count| count.trim().parse::<u64>().ok())
            .unwrap_or(0);
    }
    channels
}

async fn redis_clients(world: &World) -> u64 {
    let figures = world.tell_redis("INFO clients").await;
    let count = figures
        .lines()
        .find_map(|line| line.strip_prefix("connected_clients:"));
    count
        .and_then(|count| count.trim().parse().ok())
        .unwrap_or(0)
}
