//! The use cases, one a file, and what they all need.

pub(crate) mod change_password;
mod check_password;
pub(crate) mod delete_account;
pub(crate) mod end_sessions;
pub(crate) mod find_imported_users;
pub(crate) mod get_users;
pub(crate) mod import_users;
pub(crate) mod issue_session;
pub(crate) mod list_sessions;
pub(crate) mod list_signed_in_users;
mod live_session;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod refresh_session;
pub(crate) mod register;
pub(crate) mod revoke_session;
pub(crate) mod update_profile;
pub(crate) mod verify_service_key;
pub(crate) mod watch_revocations;
pub(crate) mod watch_service_keys;

use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, Utc};
use kith_auth::ClusterKey;
use kith_clock::Clock;
use kith_postgres::page::Cursors;
use kith_runtime::Shutdown;
use sqlx::PgPool;
use tokio::sync::{Notify, watch};

use crate::{config::Config, hashing::Hasher, keys::KeyRing};

/// What the use cases and the jobs need.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) pool: PgPool,
    /// For refreshed tokens, and for what gateways and siblings live by.
    pub(crate) reserved: PgPool,
    pub(crate) clock: Clock,
    pub(crate) cluster_key: ClusterKey,
    pub(crate) cursors: Cursors,
    pub(crate) config: Config,
    pub(crate) hasher: Hasher,
    pub(crate) keys: KeyRing,
    pub(crate) news: News,
    pub(crate) shutdown: Shutdown,
}

/// How a committed change is noticed on its own node without waiting for a poll.
#[derive(Debug)]
pub(crate) struct News {
    /// Wakes the relay to friends.
    pub(crate) for_friends: Notify,
    /// Wakes the relay to chat.
    pub(crate) for_chat: Notify,
    /// Wakes the poller of revocations.
    pub(crate) sessions_ended: Notify,
    /// The newest revocation that this node knows of; written by the poller, followed by the streams.
    pub(crate) revocation_head: Arc<watch::Sender<i64>>,
    /// How many service keys were ever revoked, as far as this node knows; written and followed by the same.
    pub(crate) revoked_keys: Arc<watch::Sender<i64>>,
}

impl App {
    /// The time to the microsecond, which is all that Postgres keeps: an answer made before the write equals one made from it.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }
}

impl News {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            for_friends: Notify::new(),
            for_chat: Notify::new(),
            sessions_ended: Notify::new(),
            revocation_head: Arc::new(watch::Sender::new(0)),
            revoked_keys: Arc::new(watch::Sender::new(0)),
        }
    }

    /// After the commit of a changed user.
    pub(crate) fn user_changed(&self) {
        self.for_friends.notify_one();
        self.for_chat.notify_one();
    }

    /// After the commit of ended sessions.
    pub(crate) fn sessions_ended(&self) {
        self.sessions_ended.notify_one();
        self.for_chat.notify_one();
    }
}
