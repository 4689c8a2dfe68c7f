//! Rooms as their participants see them: what the tables say, and the positions that are on their way into them.

use std::collections::HashMap;

use kith_ids::{RoomId, UserId};
use sqlx::PgConnection;

use crate::{
    Error,
    app::App,
    domain::{participant::Participant, room_view::RoomView},
    store::room_views::{self, Look},
};

/// A room as this participant sees it; `not_found` when they are in none such.
pub(crate) async fn find(
    app: &App,
    db: &mut PgConnection,
    viewer: UserId,
    room: RoomId,
) -> Result<RoomView, Error> {
    list(app, db, &[(viewer, room)])
        .await?
        .pop()
        .ok_or(Error::RoomNotFound)
}

/// Rooms, each as one of its participants sees it, in the order given. Those that the viewer is not in are left out.
pub(crate) async fn list(
    app: &App,
    db: &mut PgConnection,
    wanted: &[(UserId, RoomId)],
) -> Result<Vec<RoomView>, Error> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut pending: HashMap<UserId, HashMap<RoomId, i64>> = HashMap::new();
    let looks: Vec<Look> = wanted
        .iter()
        .map(|&(viewer, room_id)| {
            let reads = pending
                .entry(viewer)
                .or_insert_with(|| app.positions.list_read(viewer).into_iter().collect());
            let read_seq = reads.get(&room_id).copied().unwrap_or(0);
            Look {
                viewer,
                room_id,
                read_seq,
            }
        })
        .collect();
    let mut views = room_views::list(db, &looks).await?;
    for view in &mut views {
        add_pending(app, &mut view.participants);
    }
    Ok(views)
}

/// Raises read positions to what this node has acknowledged and not written yet.
pub(crate) fn add_pending(app: &App, participants: &mut [Participant]) {
    for participant in participants {
        let pending = app.positions.find(participant.room_id, participant.user_id);
        if let Some(read) = pending.read {
            participant.read_seq = participant.read_seq.max(read.seq);
        }
    }
}
