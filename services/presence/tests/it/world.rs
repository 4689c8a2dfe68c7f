//! Presence nodes that share what nodes of a cluster share, gateways that attach to them, and short words for what tests do with both.

mod friends;
mod gateway;

use std::time::Duration;

use kith_api::presence::v1::{self as wire, presence_service_client::PresenceServiceClient};
use kith_auth::Caller;
use kith_bus::{Bus, Servers};
use kith_client::Upstream;
use kith_clock::Clock;
use kith_ids::UserId;
use kith_presence::{Config, Deps, Leases};
use kith_runtime::{Shutdown, Tasks};
use kith_testkit::{CLUSTER_KEY, TestDatabase};

pub(crate) use friends::Friends;
pub(crate) use gateway::{Gateway, Seen};

pub(crate) type Client = PresenceServiceClient<kith_client::Intercepted>;

/// Where leases and hints are.
#[derive(Debug, Clone)]
enum Shared {
    Memory(Bus, Leases),
    Redis { servers: Servers, space: String },
}

/// What the nodes of one cluster share; ends their tasks when dropped.
pub(crate) struct World {
    pub friends: Friends,
    pub database: TestDatabase,
    pub clock: Clock,
    shared: Shared,
    tasks: Tasks,
}

/// A presence node.
pub(crate) struct Node {
    upstream: Upstream,
    tasks: Tasks,
    clock: Clock,
}

impl World {
    pub(crate) async fn memory() -> Self {
        Self::with(Shared::Memory(Bus::memory(), Leases::memory())).await
    }

    /// A space of its own in the tests' Redis.
    pub(crate) async fn redis() -> Self {
        Self::redis_at(&kith_testkit::redis_url(), false).await
    }

    /// The same in the tests' Redis Cluster.
    pub(crate) async fn cluster() -> Self {
        Self::redis_at(&kith_testkit::redis_cluster_urls(), true).await
    }

    pub(crate) async fn redis_at(urls: &str, is_cluster: bool) -> Self {
        let space = format!("kith-test-{}", Clock::system().new_id().simple());
        let servers = Servers::new(urls, is_cluster).unwrap();
        Self::with(Shared::Redis { servers, space }).await
    }

    async fn with(shared: Shared) -> Self {
        Self {
            friends: Friends::default(),
            database: TestDatabase::new("presence", &kith_presence::MIGRATOR).await,
            clock: Clock::system(),
            shared,
            tasks: Tasks::new(Shutdown::new()),
        }
    }

    pub(crate) async fn node(&self) -> Node {
        self.node_with(Config::for_test()).await
    }

    pub(crate) async fn node_with(&self, config: Config) -> Node {
        let tasks = Tasks::new(self.tasks.shutdown().child());
        let (bus, leases) = self.shared(&tasks);
        let deps = Deps {
            pool: self.database.pool.clone(),
            clock: self.clock.clone(),
            cluster_key: CLUSTER_KEY,
            tasks: tasks.clone(),
            bus,
            leases,
            friends: kith_testkit::serve(self.friends.routes(), &self.tasks, &self.clock),
        };
        let running = kith_presence::start(config, deps).await.unwrap();
        Node {
            upstream: kith_testkit::serve(running.routes(), &tasks, &self.clock),
            tasks,
            clock: self.clock.clone(),
        }
    }

    fn shared(&self, tasks: &Tasks) -> (Bus, Leases) {
        match &self.shared {
            Shared::Memory(bus, leases) => (bus.clone(), leases.clone()),
            Shared::Redis { servers, space } => (
                Bus::redis_in(servers, space, tasks).unwrap(),
                Leases::redis(servers, space).unwrap(),
            ),
        }
    }

    /// The tests' Redis loses the leases of this world, as one that starts empty does.
    pub(crate) async fn forget_leases(&self) {
        let Shared::Redis { space, .. } = &self.shared else {
            panic!("not over Redis");
        };
        let client = redis::Client::open(kith_testkit::redis_url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let keys: Vec<String> = redis::cmd("KEYS")
            .arg(format!("{space}:lease*"))
            .query_async(&mut connection)
            .await
            .unwrap();
        assert!(!keys.is_empty());
        redis::cmd("DEL")
            .arg(keys)
            .exec_async(&mut connection)
            .await
            .unwrap();
    }

    /// Hears what nodes tell each other.
    pub(crate) async fn eavesdrop(&self) -> kith_bus::Subscription {
        let subscription = self.shared(&self.tasks).0.subscribe();
        subscription.add(&[0]).await;
        subscription
    }

    pub(crate) fn user(&self) -> UserId {
        self.clock.new_id().into()
    }

    pub(crate) fn users<const N: usize>(&self) -> [UserId; N] {
        std::array::from_fn(|_| self.user())
    }

    /// Two people who see everything of each other.
    pub(crate) fn pair(&self) -> (UserId, UserId) {
        let (one, other) = (self.user(), self.user());
        self.friends.show(one, other, true, true);
        self.friends.show(other, one, true, true);
        (one, other)
    }

    /// When somebody was last seen, as the database has it.
    pub(crate) async fn last_seen(&self, user: UserId) -> Option<chrono::DateTime<chrono::Utc>> {
        sqlx::query_scalar("SELECT last_seen_time FROM presence.people WHERE user_id = $1")
            .bind(user.as_uuid())
            .fetch_optional(&self.database.pool)
            .await
            .unwrap()
            .flatten()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.tasks.shutdown().signal();
    }
}

impl Node {
    pub(crate) async fn gateway(&self) -> Gateway {
        Gateway::attach(&self.upstream, &self.clock).await
    }

    pub(crate) fn client(&self, caller: &Caller) -> Client {
        self.upstream.presence(caller)
    }

    pub(crate) fn client_of(&self, user: UserId) -> Client {
        self.client(&Caller::User {
            user_id: user,
            session_id: self.clock.new_id().into(),
        })
    }

    /// Tells it, as friends does, that something changed between two people.
    pub(crate) async fn changed_between(&self, one: UserId, other: UserId) {
        let request = wire::ApplyVisibilityRequest {
            pairs: vec![wire::Between {
                user_id: one.into(),
                other_id: other.into(),
            }],
            ..Default::default()
        };
        self.client(&Caller::node("friends"))
            .apply_visibility(request)
            .await
            .unwrap();
    }

    /// The node dies: nothing is said any more, and nothing tidied up.
    pub(crate) async fn kill(self) {
        self.tasks.shutdown().signal();
        assert!(self.tasks.finish(Duration::from_secs(5)).await);
    }
}
