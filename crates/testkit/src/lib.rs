//! What tests share: a database of their own on the real Postgres that `DATABASE_URL` names, gRPC servers in memory, and
//! waiting for conditions. A dev-dependency only; it panics where a test should fail.
#![warn(missing_docs)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "test support: a failure here fails the test, and it reads DATABASE_URL itself"
)]

use std::{
    future::Future,
    str::FromStr as _,
    time::{Duration, Instant},
};

use kith_auth::{CallerSigner, ClusterKey};
use kith_client::Upstream;
use kith_clock::Clock;
use kith_runtime::Tasks;
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, PgPool, migrate::Migrator,
    postgres::PgConnectOptions,
};
use tonic::service::Routes;

/// A database that only one test uses; dropped with it.
#[derive(Debug)]
pub struct TestDatabase {
    /// A pool as the service under test would have it.
    pub pool: PgPool,
    /// Its URL.
    pub url: String,
    name: String,
    admin: String,
}

/// The cluster key of all tests.
pub const CLUSTER_KEY: ClusterKey = ClusterKey::new([42; 32]);

/// The Redis of the tests, named by `REDIS_URL`.
pub fn redis_url() -> String {
    std::env::var("REDIS_URL").expect("REDIS_URL names the Redis of the tests; `make test` sets it")
}

/// Nodes of the tests' Redis Cluster, named by `REDIS_CLUSTER_URL`.
pub fn redis_cluster_urls() -> String {
    std::env::var("REDIS_CLUSTER_URL")
        .expect("REDIS_CLUSTER_URL names nodes of the tests' Redis Cluster; `make test` sets it")
}

/// A signer with the tests' cluster key.
pub const fn signer(clock: Clock) -> CallerSigner {
    CallerSigner::new(CLUSTER_KEY, clock)
}

impl TestDatabase {
    /// Creates an empty database and migrates one service's schema in it. Needs `DATABASE_URL`, with the right to create databases.
    pub async fn new(schema: &str, migrator: &Migrator) -> Self {
        let admin = std::env::var("DATABASE_URL")
            .expect("DATABASE_URL names the Postgres of the tests; `make test` sets it");
        let name = format!("kith_test_{}", Clock::system().new_id().simple());
        let mut connection = PgConnection::connect(&admin)
            .await
            .expect("the tests' Postgres answers");
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        let url = PgConnectOptions::from_str(&admin).unwrap().database(&name);
        let url = sqlx::ConnectOptions::to_url_lossy(&url).to_string();
        kith_postgres::migrate(&url, schema, migrator)
            .await
            .unwrap();
        let pool = kith_postgres::connect(&url, schema, 8).unwrap();
        Self {
            pool,
            url,
            name,
            admin,
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let drop = AssertSqlSafe(format!(
            "DROP DATABASE IF EXISTS {} WITH (FORCE)",
            self.name
        ));
        let admin = self.admin.clone();
        // A runtime of its own: the test's may be ending.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async move {
                let mut connection = PgConnection::connect(&admin).await?;
                sqlx::query(drop).execute(&mut connection).await?;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            })
        });
        // A database that stays behind goes with the tests' server.
        let _ = dropping.join();
    }
}

/// Serves gRPC in memory until the tasks' shutdown; callers sign with the tests' cluster key and give up after 10 s.
pub fn serve(routes: Routes, tasks: &Tasks, clock: &Clock) -> Upstream {
    let (channel, incoming) = kith_client::pipe();
    let shutdown = tasks.shutdown().clone();
    tasks.spawn("test.grpc", async move {
        kith_runtime::serve_grpc(routes, incoming, shutdown)
            .await
            .expect("the in-memory server ends only when told");
    });
    Upstream::new(channel, signer(clock.clone()), Duration::from_secs(10))
}

/// Waits until `check` gives a value, at most 10 s.
pub async fn eventually<T, F>(what: &str, mut check: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(value) = check().await {
            return value;
        }
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
