//! What devices lack: first of their people's own logs, which tell of rooms that the cursors do not know yet, then of the rooms.

use std::collections::HashMap;

use kith_api::chat::v1::{RoomEvent, UserEvent, user_event_body::Body};
use kith_delivery::catch_up::{self, Catch, Plan};
use kith_ids::{RoomId, UserId};
use sqlx::PgConnection;

use super::{Asked, Cursors, Missed, Synced};
use crate::{
    Error,
    app::{App, user_events},
    store::{
        heads::{self, Stay},
        log::{self, Window},
        user_log,
    },
};

/// Events that one statement reads, unless one device alone lacks more.
const EVENTS: i64 = catch_up::TOTAL_LIMIT;

/// A device whose cursors are of this log, and what it lacks.
struct Behind<'a> {
    place: usize,
    user: UserId,
    cursors: &'a Cursors,
    user_events: Vec<UserEvent>,
    user_too_long: bool,
    /// Its person's log was read for it alone.
    has_long_log: bool,
    windows: Vec<Window>,
    too_long: Vec<(RoomId, i64)>,
}

/// Finds what those with cursors lack; a device whose cursors cannot be of this log lacks something unknown.
pub(super) async fn catch_up(
    app: &App,
    db: &mut PgConnection,
    asked: &[Asked],
    synced: &mut [Synced],
) -> Result<(), Error> {
    let mut behind = Vec::with_capacity(asked.len());
    for (place, asked) in asked.iter().enumerate() {
        let Some(cursors) = &asked.cursors else {
            continue;
        };
        let standing = &mut synced[place];
        let is_same_log = i64::try_from(cursors.epoch).is_ok_and(|epoch| epoch == standing.epoch);
        if is_same_log && cursors.useq <= standing.useq {
            behind.push(Behind::new(place, asked.user, cursors));
        } else {
            standing.missed = None;
        }
    }
    read_own_logs(app, db, &mut behind, synced).await?;
    let mut planned = Vec::with_capacity(behind.len());
    for mut device in behind {
        if device.plan(db, &synced[device.place]).await? {
            planned.push(device);
        } else {
            synced[device.place].missed = None;
        }
    }
    let epoch = synced.first().map_or(0, |first| first.epoch);
    let mut events = read_rooms(db, &planned, epoch).await?.into_iter();
    for device in planned {
        let count = device.events().try_into().unwrap_or(usize::MAX);
        synced[device.place].missed = Some(Missed {
            events: events.by_ref().take(count).collect(),
            too_long: device.too_long,
            user_events: device.user_events,
            user_too_long: device.user_too_long,
        });
    }
    Ok(())
}

impl<'a> Behind<'a> {
    fn new(place: usize, user: UserId, cursors: &'a Cursors) -> Self {
        Self {
            place,
            user,
            cursors,
            user_events: Vec::new(),
            user_too_long: false,
            has_long_log: false,
            windows: Vec::new(),
            too_long: Vec::new(),
        }
    }

    /// Reads a log of which so much is new that it may be too long: there are holes in it.
    async fn read_long_log(&mut self, app: &App, db: &mut PgConnection) -> Result<(), Error> {
        let limit = catch_up::USER_LIMIT;
        let rows = user_log::list(db, self.user, self.cursors.useq, limit + 1).await?;
        self.has_long_log = true;
        self.user_too_long = i64::try_from(rows.len()).is_ok_and(|count| count > limit);
        if !self.user_too_long {
            self.user_events = user_events::render(app, db, rows).await?;
        }
        Ok(())
    }

    /// Finds the stretches that it lacks; false when a cursor is above its head.
    async fn plan(&mut self, db: &mut PgConnection, standing: &Synced) -> Result<bool, Error> {
        let cursors = with_added_rooms(&self.cursors.room_seqs, &self.user_events)?;
        let mut stays: Vec<Stay> = standing
            .memberships
            .iter()
            .filter(|membership| cursors.contains_key(&membership.room_id))
            .map(Stay::from)
            .collect();
        if stays.len() < cursors.len() {
            // Of rooms that it is not in any more, or never was.
            let mut others = cursors.clone();
            for stay in &stays {
                others.remove(&stay.room_id);
            }
            let others: Vec<RoomId> = others.into_keys().collect();
            stays.extend(heads::list_stays(db, self.user, &others).await?);
        }
        let Some(plan) = plan(&stays, &cursors) else {
            return Ok(false);
        };
        (self.windows, self.too_long) = (plan.windows, plan.too_long);
        Ok(true)
    }

    /// How many events of rooms it lacks; a log has no gaps.
    fn events(&self) -> i64 {
        let lengths = self.windows.iter();
        lengths.map(|window| window.to - window.from + 1).sum()
    }
}

/// What each lacks of its person's own log. Most lack nothing, and nothing is read for them.
async fn read_own_logs(
    app: &App,
    db: &mut PgConnection,
    behind: &mut [Behind<'_>],
    synced: &[Synced],
) -> Result<(), Error> {
    // By person: two devices may lack the same.
    let mut windows: HashMap<UserId, (i64, i64)> = HashMap::new();
    for device in &mut *behind {
        let (after, head) = (device.cursors.useq, synced[device.place].useq);
        if head - after > catch_up::USER_LIMIT {
            device.read_long_log(app, db).await?;
        } else if after < head {
            let window = windows.entry(device.user).or_insert((after + 1, head));
            window.0 = window.0.min(after + 1);
        }
    }
    if windows.is_empty() {
        return Ok(());
    }
    let windows: Vec<_> = windows
        .into_iter()
        .map(|(user, (from, to))| (user, from, to))
        .collect();
    let length = windows.iter().map(|(_, from, to)| to - from + 1).sum();
    let rows = user_log::list_windows(db, &windows, &[], length).await?;
    let mut by_user: HashMap<String, Vec<UserEvent>> = HashMap::new();
    for event in user_events::render(app, db, rows).await? {
        by_user
            .entry(event.user_id.clone())
            .or_default()
            .push(event);
    }
    for device in behind.iter_mut().filter(|it| !it.has_long_log) {
        let after = device.cursors.useq;
        let events = by_user.get(&device.user.to_string()).into_iter().flatten();
        let lacking = events.filter(|event| i64::try_from(event.useq).is_ok_and(|it| it > after));
        device.user_events = lacking.cloned().collect();
    }
    Ok(())
}

/// The events of everybody's stretches, one after the other.
async fn read_rooms(
    db: &mut PgConnection,
    behind: &[Behind<'_>],
    epoch: i64,
) -> Result<Vec<RoomEvent>, Error> {
    let mut events = Vec::new();
    let (mut windows, mut count) = (Vec::new(), 0);
    for device in behind {
        if count > 0 && count + device.events() > EVENTS {
            events.extend(log::list_windows_of(db, &windows, epoch).await?);
            (windows, count) = (Vec::new(), 0);
        }
        count += device.events();
        windows.extend(device.windows.iter().map(|&window| (device.user, window)));
    }
    if count > 0 {
        events.extend(log::list_windows_of(db, &windows, epoch).await?);
    }
    Ok(events)
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
fn plan(stays: &[Stay], cursors: &HashMap<RoomId, i64>) -> Option<Plan<Window, RoomId>> {
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
