//! Gives, from one snapshot of the primary, what devices with these cursors lack, and where everything stands. Devices that come
//! back together are answered together: all of a node's that died ask for little more than one of them would.

mod catch_up;
mod queue;

use std::collections::HashMap;

use kith_api::chat::v1::{RoomEvent, UserEvent};
use kith_ids::{RoomId, UserId};
use sqlx::PgConnection;

pub(crate) use self::queue::Syncs;
use super::App;
use crate::{
    Error,
    store::heads::{self, Membership},
};

/// What a device has applied.
#[derive(Debug, Clone)]
pub(crate) struct Cursors {
    pub(crate) epoch: u64,
    pub(crate) useq: i64,
    pub(crate) room_seqs: HashMap<RoomId, i64>,
}

/// A device that asks.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) user: UserId,
    pub(crate) cursors: Option<Cursors>,
}

/// Where everything stands, and what was missed.
#[derive(Debug, Default)]
pub(crate) struct Synced {
    pub(crate) epoch: i64,
    pub(crate) useq: i64,
    pub(crate) memberships: Vec<Membership>,
    /// None: the cursors are of another epoch, or above a head.
    pub(crate) missed: Option<Missed>,
}

/// What was missed.
#[derive(Debug, Default)]
pub(crate) struct Missed {
    pub(crate) events: Vec<RoomEvent>,
    pub(crate) too_long: Vec<(RoomId, i64)>,
    pub(crate) user_events: Vec<UserEvent>,
    pub(crate) user_too_long: bool,
}

pub(crate) async fn sync(
    app: &App,
    user: UserId,
    cursors: Option<Cursors>,
) -> Result<Synced, Error> {
    app.syncs.ask(Asked { user, cursors }).await
}

/// Answers several devices, each in its place.
async fn sync_all(app: &App, asked: &[Asked]) -> Result<Vec<Synced>, Error> {
    // One snapshot for heads, stays and logs: what it lacks is delivered live, because the subscription is older.
    let mut tx = heads::begin_snapshot(&app.reserved).await?;
    let mut synced = standing(&mut tx, asked).await?;
    if asked.iter().any(|asked| asked.cursors.is_some()) {
        catch_up::catch_up(app, &mut tx, asked, &mut synced).await?;
    }
    tx.commit().await?;
    Ok(synced)
}

/// Where everything stands for each of them, with nothing missed.
async fn standing(db: &mut PgConnection, asked: &[Asked]) -> Result<Vec<Synced>, Error> {
    let mut users: Vec<UserId> = asked.iter().map(|asked| asked.user).collect();
    users.sort_unstable();
    users.dedup();
    let standing = heads::find_standing(db, &users).await?;
    let of = |asked: &Asked| Synced {
        epoch: standing.epoch,
        useq: standing.useqs.get(&asked.user).copied().unwrap_or(0),
        memberships: standing
            .memberships
            .get(&asked.user)
            .cloned()
            .unwrap_or_default(),
        missed: Some(Missed::default()),
    };
    Ok(asked.iter().map(of).collect())
}
