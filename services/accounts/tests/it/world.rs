//! A database, recorded siblings, and as many nodes of the service as a test wants.

use std::time::Duration;

use chrono::{TimeZone as _, Utc};
use kith_accounts::{Config, Deps, MIGRATOR, StartError};
use kith_api::accounts::v1::{
    self as proto, IssuedSession, accounts_service_client::AccountsServiceClient,
};
use kith_api::common::v1::PageRequest;
use kith_auth::{AUDIENCE, Caller, Claims, ISSUER, TokenError, TokenVerifier};
use kith_client::{Intercepted, Upstream, pipe};
use kith_clock::Clock;
use kith_error::{Failure, Reason};
use kith_runtime::{Shutdown, Tasks, serve_grpc};
use kith_testkit::{CLUSTER_KEY, TestDatabase, signer};
use secrecy::SecretString;
use sqlx::PgPool;
use tonic::Status;

use crate::siblings::Siblings;

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) type Client = AccountsServiceClient<Intercepted>;

/// What the nodes of a test share.
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) siblings: Siblings,
    pub(crate) db: TestDatabase,
}

/// One running service.
pub(crate) struct Node {
    pub(crate) pool: PgPool,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
    upstream: Upstream,
}

impl World {
    /// With the machine's clock.
    pub(crate) async fn new() -> Self {
        Self::with_clock(Clock::system()).await
    }

    /// With a clock that the test moves.
    pub(crate) async fn standing_still() -> Self {
        Self::with_clock(Clock::mock(Utc.timestamp_opt(1_800_000_000, 0).unwrap())).await
    }

    async fn with_clock(clock: Clock) -> Self {
        Self {
            siblings: Siblings::start(&clock),
            clock,
            db: TestDatabase::new("accounts", &MIGRATOR).await,
        }
    }

    pub(crate) async fn node(&self) -> Node {
        self.try_node(Config::for_test(), None).await.unwrap()
    }

    pub(crate) async fn node_with(&self, config: Config) -> Node {
        self.try_node(config, None).await.unwrap()
    }

    pub(crate) async fn try_node(
        &self,
        config: Config,
        secrets_key: Option<&str>,
    ) -> Result<Node, StartError> {
        let tasks = Tasks::new(Shutdown::new());
        let deps = Deps {
            pool: self.db.pool.clone(),
            reserved: self.db.pool.clone(),
            clock: self.clock.clone(),
            cluster_key: CLUSTER_KEY,
            tasks: tasks.clone(),
            friends: self.siblings.friends.clone(),
            chat: self.siblings.chat.clone(),
            secrets_key: secrets_key.map(SecretString::from),
        };
        let running = kith_accounts::start(config, deps).await?;
        let (channel, incoming) = pipe();
        let serving = serve_grpc(running.routes(), incoming, tasks.shutdown().clone());
        tasks.spawn("serve", async move { serving.await.unwrap() });
        Ok(Node {
            pool: self.db.pool.clone(),
            clock: self.clock.clone(),
            tasks,
            upstream: Upstream::new(channel, signer(self.clock.clone()), Duration::from_secs(10)),
        })
    }
}

impl Node {
    pub(crate) fn client(&self, caller: &Caller) -> Client {
        self.upstream.accounts(caller)
    }

    pub(crate) fn streaming(&self) -> Client {
        self.upstream.accounts_stream(&Caller::node("gateway"))
    }

    /// Calls as the gateway for itself.
    pub(crate) fn gateway(&self) -> Client {
        self.client(&Caller::node("gateway"))
    }

    /// Calls as the person of a session.
    pub(crate) fn person(&self, session: &IssuedSession) -> Client {
        self.client(&caller(session))
    }

    pub(crate) async fn register(&self, username: &str) -> IssuedSession {
        self.try_register(username, PASSWORD).await.unwrap()
    }

    pub(crate) async fn try_register(
        &self,
        username: &str,
        password: &str,
    ) -> Result<IssuedSession, Failure> {
        let request = proto::RegisterRequest {
            username: username.to_owned(),
            password: password.to_owned(),
            ..proto::RegisterRequest::default()
        };
        let answer = self.gateway().register(request).await.map_err(failure)?;
        Ok(answer.into_inner().session.unwrap())
    }

    pub(crate) async fn login(
        &self,
        username: &str,
        password: &str,
    ) -> Result<IssuedSession, Failure> {
        let request = proto::LoginRequest {
            username: username.to_owned(),
            password: password.to_owned(),
            device_name: None,
        };
        let answer = self.gateway().login(request).await.map_err(failure)?;
        Ok(answer.into_inner().session.unwrap())
    }

    pub(crate) async fn refresh(
        &self,
        token: &str,
        attempt_id: Option<&str>,
    ) -> Result<IssuedSession, Failure> {
        let request = proto::RefreshSessionRequest {
            refresh_token: token.to_owned(),
            attempt_id: attempt_id.map(str::to_owned),
        };
        let answer = self
            .gateway()
            .refresh_session(request)
            .await
            .map_err(failure)?
            .into_inner();
        // What the gateway makes of it.
        let ended = || Failure::new(Reason::Unauthenticated, "the session has ended");
        assert_ne!(answer.session.is_some(), answer.reused.is_some());
        answer.session.ok_or_else(ended)
    }

    pub(crate) async fn sessions(
        &self,
        session: &IssuedSession,
    ) -> Result<Vec<proto::Session>, Failure> {
        // As many as anybody has.
        let page = Some(PageRequest {
            page_size: 100,
            ..PageRequest::default()
        });
        let answer = self
            .person(session)
            .list_sessions(proto::ListSessionsRequest { page })
            .await
            .map_err(failure)?;
        Ok(answer.into_inner().sessions)
    }

    pub(crate) async fn users(&self, ids: &[&str]) -> Vec<proto::User> {
        let user_ids = ids.iter().map(|id| (*id).to_owned()).collect();
        let answer = self
            .gateway()
            .get_users(proto::GetUsersRequest { user_ids })
            .await;
        answer.unwrap().into_inner().users
    }

    pub(crate) async fn public_keys(&self) -> Vec<proto::PublicKey> {
        let answer = self
            .gateway()
            .get_public_keys(proto::GetPublicKeysRequest {})
            .await;
        answer.unwrap().into_inner().keys
    }

    /// Verifies an access token as a gateway does.
    pub(crate) async fn verify(&self, access_token: &str) -> Result<Claims, TokenError> {
        let keys = self.public_keys().await;
        let keys = keys.iter().map(|key| (key.kid.as_str(), key.key.as_ref()));
        TokenVerifier::new(ISSUER, AUDIENCE, keys).verify(access_token, &self.clock)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.tasks.shutdown().signal();
    }
}

/// The person of a session, as the gateway would sign them.
pub(crate) fn caller(session: &IssuedSession) -> Caller {
    Caller::User {
        user_id: user(session).user_id.parse().unwrap(),
        session_id: session.session_id.parse().unwrap(),
    }
}

pub(crate) fn user(session: &IssuedSession) -> &proto::User {
    session.user.as_ref().unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn failure(status: Status) -> Failure {
    Failure::from(&status)
}

/// The fields and words of a refusal.
pub(crate) fn flaws(failure: &Failure) -> Vec<(&str, &str)> {
    failure
        .violations
        .iter()
        .map(|violation| (violation.field.as_str(), violation.code.as_str()))
        .collect()
}

/// Waits until some call of the service waits for a lock.
pub(crate) async fn somebody_waits_for_a_lock(pool: &PgPool) {
    waiting_for_locks(pool, 1).await;
}

/// Waits until that many statements wait for a lock.
pub(crate) async fn waiting_for_locks(pool: &PgPool, count: i64) {
    kith_testkit::eventually("statements wait for a lock", || async {
        let waiting: i64 = sqlx::query_scalar(
            "SELECT count(*)
             FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        .fetch_one(pool)
        .await
        .unwrap();
        (waiting >= count).then_some(())
    })
    .await;
}
