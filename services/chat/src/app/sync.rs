//! Gives, from one snapshot of the primary, what a device with these cursors lacks, and where everything stands.

use std::collections::HashMap;

use kith_api::chat::v1::{RoomEvent, UserEvent, user_event_body::Body};
use kith_delivery::catch_up::{self, Catch, Plan};
use kith_ids::{RoomId, UserId};
use sqlx::PgConnection;

use super::{App, user_events};
use crate::{
    Error,
    store::{
        heads::{self, Membership},
        log::{self, Window},
        user_log,
    },
};

/// What a device has applied.
#[derive(Debug, Clone)]
pub(crate) struct Cursors {
    pub(crate) epoch: u64,
    pub(crate) useq: i64,
    pub(crate) room_seqs: HashMap<RoomId, i64>,
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
    let mut tx = app.pool.begin().await?;
    // One snapshot for heads, stays and logs: what it lacks is delivered live, because the subscription is older.
    heads::lock_snapshot(&mut tx).await?;
    let mut synced = Synced {
        epoch: heads::find_epoch(&mut tx).await?,
        useq: user_log::find_head(&mut tx, user).await?,
        memberships: heads::list_memberships(&mut tx, user).await?,
        missed: Some(Missed::default()),
    };
    if let Some(cursors) = cursors {
        synced.missed = catch_up(app, &mut tx, user, &cursors, &synced).await?;
    }
    tx.commit().await?;
    Ok(synced)
}

async fn catch_up(
    app: &App,
    db: &mut PgConnection,
    user: UserId,
    cursors: &Cursors,
    standing: &Synced,
) -> Result<Option<Missed>, Error> {
    let is_same_log = i64::try_from(cursors.epoch).is_ok_and(|epoch| epoch == standing.epoch);
    if !is_same_log || cursors.useq > standing.useq {
        return Ok(None);
    }
    let rows = user_log::list(db, user, cursors.useq, catch_up::USER_LIMIT + 1).await?;
    let user_too_long = rows.len() > usize::try_from(catch_up::USER_LIMIT).unwrap_or(usize::MAX);
    let user_events = if user_too_long {
        Vec::new()
    } else {
        user_events::render(app, db, rows).await?
    };
    let room_seqs = with_added_rooms(&cursors.room_seqs, &user_events)?;
    let rooms: Vec<RoomId> = room_seqs.keys().copied().collect();
    let stays = heads::list_stays(db, user, &rooms).await?;
    let Some(Plan { windows, too_long }) = plan(&stays, &room_seqs) else {
        return Ok(None);
    };
    Ok(Some(Missed {
        events: log::list_windows(db, &windows, standing.epoch, Some(user)).await?,
        too_long,
        user_events,
        user_too_long,
    }))
}

/// The device's cursors, and one at the start for each room that it is about to hear of: after `resumed` it lacks nothing.
fn with_added_rooms(
    cursors: &HashMap<RoomId, i64>,
    missed: &[UserEvent],
) -> Result<HashMap<RoomId, i64>, Error> {
    let mut cursors = cursors.clone();
    for event in missed {
        let body = event.body.as_ref().and_then(|body| body.body.as_ref());
        if let Some(Body::RoomAdded(room)) = body {
            let room = room.room_id.parse().map_err(|_| Error::Inconsistent {
                table: "user_events",
                column: "body",
            })?;
            cursors.entry(room).or_insert(0);
        }
    }
    Ok(cursors)
}

/// What each room's cursor lacks; none when a cursor is above its head.
fn plan(stays: &[heads::Stay], cursors: &HashMap<RoomId, i64>) -> Option<Plan<Window, RoomId>> {
    let catches = stays.iter().filter_map(|stay| {
        let cursor = *cursors.get(&stay.room_id)?;
        Some(Catch {
            room: stay.room_id,
            cursor,
            joined: stay.joined_seq,
            left: stay.left_seq,
            head: stay.last_seq,
        })
    });
    catch_up::plan(catches, |room_id, from, to| Window { room_id, from, to })
}
