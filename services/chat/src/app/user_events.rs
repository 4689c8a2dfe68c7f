//! People's own logs, from rows to what devices get.

use std::collections::HashMap;

use kith_api::chat::v1::{self, UserEventBody, user_event_body::Body};
use kith_ids::{RoomId, UserId};
use prost::Message as _;
use sqlx::PgConnection;

use super::room_views;
use crate::{
    Error,
    app::App,
    store::user_log::{self, UserEventRow},
    wire,
};

/// The source of chat's own entries.
pub(crate) const SOURCE: &str = "chat";

/// Renders entries in their order, with rooms as they are now. An entry about a room that its user has left since is
/// skipped: its `room.removed` follows, and holes are allowed in what is read later.
pub(crate) async fn render(
    app: &App,
    db: &mut PgConnection,
    rows: Vec<UserEventRow>,
) -> Result<Vec<v1::UserEvent>, Error> {
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let body = UserEventBody::decode(row.body.as_slice())?.body;
        entries.push((row, body));
    }
    let mut wanted: Vec<(UserId, RoomId)> = entries
        .iter()
        .filter_map(|(row, body)| Some((row.user_id, room_of(body.as_ref()?)?)))
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    let rooms: HashMap<(UserId, RoomId), v1::Room> = room_views::list(app, db, &wanted)
        .await?
        .iter()
        .map(|view| ((view.viewer, view.id), wire::room::room(view)))
        .collect();
    Ok(entries
        .into_iter()
        .filter_map(|(row, body)| {
            let body = fill(body?, row.user_id, &rooms)?;
            Some(event(&row, body))
        })
        .collect())
}

/// A person's log above a useq, rendered, in the caller's snapshot. Fewer than `limit` entries mean that there are no more.
pub(crate) async fn list(
    app: &App,
    db: &mut PgConnection,
    user: UserId,
    (mut after, limit): (i64, i64),
) -> Result<Vec<v1::UserEvent>, Error> {
    let mut events = Vec::new();
    let mut missing = limit;
    // Again when some were skipped: a short page must not look like the end of the log.
    while missing > 0 {
        let rows = user_log::list(db, user, after, missing).await?;
        let Some(last) = rows.last() else { break };
        after = last.useq;
        let read = rows.len();
        events.extend(render(app, db, rows).await?);
        if i64::try_from(read).is_ok_and(|read| read < missing) {
            break;
        }
        missing = limit - i64::try_from(events.len()).unwrap_or(limit);
    }
    Ok(events)
}

/// Hands out entries that were committed. What fails here is not lost: devices find the head of their log moved and read it.
pub(crate) async fn publish(app: &App, rows: Vec<UserEventRow>) {
    if rows.is_empty() {
        return;
    }
    match render_alone(app, rows).await {
        Ok(events) => {
            for event in events {
                app.fanout.publish_user_event(event);
            }
        }
        Err(error) => {
            tracing::warn!(%error, "committed user events could not be rendered for live delivery");
        }
    }
}

async fn render_alone(app: &App, rows: Vec<UserEventRow>) -> Result<Vec<v1::UserEvent>, Error> {
    let mut db = app.pool.acquire().await?;
    render(app, &mut db, rows).await
}

/// The room that must be rendered into an entry.
fn room_of(body: &Body) -> Option<RoomId> {
    match body {
        Body::RoomAdded(room) | Body::RoomSettings(room) => room.room_id.parse().ok(),
        _ => None,
    }
}

/// Puts the room into an entry that is about one; none when its user is not in it any more.
fn fill(body: Body, user: UserId, rooms: &HashMap<(UserId, RoomId), v1::Room>) -> Option<Body> {
    let Some(room) = room_of(&body) else {
        return Some(body);
    };
    let room = rooms.get(&(user, room))?.clone();
    Some(match body {
        Body::RoomAdded(_) => Body::RoomAdded(room),
        _ => Body::RoomSettings(room),
    })
}

fn event(row: &UserEventRow, body: Body) -> v1::UserEvent {
    v1::UserEvent {
        user_id: row.user_id.to_string(),
        useq: wire::seq(row.useq),
        time: Some(wire::timestamp(row.created_at)),
        body: Some(UserEventBody { body: Some(body) }),
    }
}
