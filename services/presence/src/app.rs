//! The use cases of presence, one a file, and what they share.

mod apply_visibility;
mod follow_leases;
mod get_presences;
mod keep_lease;
mod set_status;
mod watch;

use std::{collections::HashSet, sync::Arc};

use chrono::{DateTime, SubsecRound as _, Utc};
use kith_auth::CallerSigner;
use kith_clock::Clock;
use kith_ids::UserId;
use kith_runtime::Tasks;
use sqlx::PgPool;
use tokio::sync::{Mutex, Notify};

pub(crate) use self::keep_lease::Report;
use crate::{
    board::Board,
    config::Config,
    domain::appearance::View,
    error::Error,
    hints::Hints,
    siblings::{Friends, Turns},
    store::{self, leases::Leases, people},
};

/// What a use case answers.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// What the use cases need. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub pool: PgPool,
    pub clock: Clock,
    pub config: Arc<Config>,
    pub tasks: Tasks,
    pub signer: CallerSigner,
    pub board: Arc<Board>,
    pub leases: Leases,
    pub hints: Hints,
    pub friends: Friends,
    /// Bounds the calls of other Kith services.
    pub sibling_turns: Turns,
    /// Changes of visibility that this node has heeded.
    pub heeded: Arc<Mutex<HashSet<i64>>>,
    /// Leases must be compared with the store now.
    pub sweep_now: Arc<Notify>,
}

impl App {
    /// The time, in the milliseconds that clients are told.
    fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(3)
    }

    /// Brings what the board knows of when people were last here up to date.
    async fn learn_seen(&self, users: &[UserId]) -> Result<()> {
        if users.is_empty() {
            return Ok(());
        }
        let mut connection = store::acquire(&self.pool).await?;
        let seen = people::list_last_seen(&mut connection, users).await?;
        drop(connection);
        self.board.learn_seen(seen);
        Ok(())
    }

    /// What these looks show.
    async fn views(&self, looks: &[(UserId, UserId)]) -> Result<Vec<View>> {
        let views = self.friends.filter_visible(looks).await?;
        Ok(looks
            .iter()
            .map(|(viewer, user)| {
                if viewer == user {
                    // Friends may not know somebody who has just registered.
                    return View::OWN;
                }
                views
                    .get(&(*viewer, *user))
                    .copied()
                    .unwrap_or(View::NOTHING)
            })
            .collect())
    }
}
