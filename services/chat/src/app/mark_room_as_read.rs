//! Moves somebody's read position in a room; never back, never above the head.

use kith_ids::{RoomId, UserId};

use super::write_positions::write_positions;
use crate::{
    Error,
    app::App,
    domain::{
        coalesce::{Advance, Mark, Moved},
        position::advance,
    },
    store::positions,
};

/// Where somebody stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReadPosition {
    pub(crate) room_id: RoomId,
    pub(crate) last_read_seq: i64,
    pub(crate) unread_count: i64,
}

/// Everything up to `seq` is read. The answer holds from now on; the row follows within a second.
pub(crate) async fn mark_room_as_read(
    app: &App,
    user: UserId,
    room: RoomId,
    seq: i64,
) -> Result<ReadPosition, Error> {
    let mut db = app.pool.acquire().await?;
    let standing = positions::find(&mut db, room, user)
        .await?
        .ok_or(Error::RoomNotFound)?;
    let pending = app.positions.find(room, user).read;
    let position = pending.map_or(standing.read_seq, |mark| mark.seq.max(standing.read_seq));
    let next = advance(position, seq, standing.head)?;
    let unread_count = positions::find_unread(&mut db, room, user, next).await?;
    // Writing takes a connection of its own; whoever holds two at once can starve the pool.
    drop(db);
    if next > position {
        let mark = Some(Mark {
            seq: next,
            at: app.clock.now(),
        });
        let moved = Moved {
            room_id: room,
            user_id: user,
            advance: Advance {
                read: mark,
                delivered: mark,
            },
        };
        if let Some(writing) = app.positions.submit(moved) {
            write_positions(app, writing).await?;
        }
    }
    Ok(ReadPosition {
        room_id: room,
        last_read_seq: next,
        unread_count,
    })
}
