//! Notes how far a room's log has arrived on somebody's devices.

use kith_ids::{RoomId, UserId};

use crate::{
    app::App,
    domain::coalesce::{Advance, Mark, Moved},
};

/// Everything up to `seq` has arrived. Asks nothing of the database, because every message to every device leads here: the
/// writer judges membership, caps at the head, and writes once a second.
pub(crate) fn mark_room_as_delivered(app: &App, user: UserId, room: RoomId, seq: i64) {
    let mark = Mark {
        seq,
        at: app.clock.now(),
    };
    app.positions.note(Moved {
        room_id: room,
        user_id: user,
        advance: Advance {
            read: None,
            delivered: Some(mark),
        },
    });
}
