//! The use cases of the graph, one a file, and what they share: the store, the siblings, and the three steps that many of them take -
//! knowing the people, judging a pair again, and telling everybody.

mod announce_contact;
mod announce_import;
mod apply_users;
mod block_user;
mod check_permission;
mod dismiss_friend_suggestion;
mod filter_visible;
mod get_blocked_users;
mod get_friend_requests;
mod get_friend_suggestions;
mod get_pair;
mod get_privacy_settings;
mod get_user;
mod get_user_friends;
mod import_graph;
mod index_users;
mod known_users;
mod match_contacts;
mod notices;
mod pair_sync;
mod remove_friend;
mod respond_to_friend_request;
mod search_users;
mod send_friend_request;
mod tell_presence;
mod unblock_user;
mod update_privacy_settings;

use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, Utc};
use kith_auth::ClusterKey;
use kith_clock::Clock;
use kith_ids::UserId;
use kith_postgres::page::{self, Cursors};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::PgPool;
use tokio::sync::Notify;

pub(crate) use self::tell_presence::change_of;
use crate::{
    config::Contacts,
    domain::pair::Pair,
    error::Error,
    siblings::{Siblings, Turns},
    store::Window,
};

/// What a use case answers.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// What the use cases need. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub pool: PgPool,
    pub clock: Clock,
    pub cursors: Cursors,
    /// Makes what contacts are hashed with, and what is kept of them.
    pub cluster_key: ClusterKey,
    pub contacts: Contacts,
    pub siblings: Siblings,
    /// Bounds the calls of other Kith services.
    pub sibling_turns: Turns,
    /// Wakes this node's relay after a commit that wrote to the outbox.
    pub wake: Arc<Notify>,
}

/// What a caller wants of a list.
#[derive(Debug, Clone, Default)]
pub(crate) struct PageWanted {
    pub size: u32,
    pub token: String,
}

/// One page of a list.
#[derive(Debug, Clone)]
pub(crate) struct Page<T> {
    pub items: Vec<T>,
    /// Empty when this was the last.
    pub next_token: String,
}

impl App {
    /// The time, in the microseconds that the database keeps: an answer shows the same time before and after it was stored.
    fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }

    /// Where a list goes on: the key in the caller's cursor and one row more than wanted, which tells whether there is a next page.
    fn window<K: DeserializeOwned>(&self, scope: &str, wanted: &PageWanted) -> Result<Window<K>> {
        Ok(Window {
            after: self.cursors.decode(scope, &wanted.token)?,
            limit: i64::from(page::size(wanted.size)) + 1,
        })
    }

    /// Makes a page of what the store found in that window.
    fn page<T, K: Serialize>(
        &self,
        scope: &str,
        wanted: &PageWanted,
        mut items: Vec<T>,
        key: impl Fn(&T) -> K,
    ) -> Page<T> {
        let more = page::has_more(&mut items, page::size(wanted.size));
        let next_token = items
            .last()
            .filter(|_| more)
            .map_or_else(String::new, |last| self.cursors.encode(scope, &key(last)));
        Page { items, next_token }
    }
}

/// The caller and somebody else; oneself is refused.
fn pair_with(caller: UserId, other: UserId) -> Result<Pair> {
    Pair::of(caller, other).ok_or(Error::TargetsSelf)
}
