//! Writes positions that moved, and tells who should know: the person's own devices durably, the others live.

use std::{collections::HashMap, time::Duration};

use kith_api::chat::v1::Receipt;
use kith_ids::{RoomId, UserId};
use sqlx::PgConnection;

use super::{
    positions::Writing,
    user_events::{self, SOURCE},
};
use crate::{
    Error,
    app::App,
    domain::{
        coalesce::{Advance, Mark},
        position::RECEIPTS_ROOM_SIZE,
    },
    store::{
        positions::{self, LockedPosition, NewPosition},
        user_log::{self, NewUserEvent, UserEventRow},
    },
    wire,
};

/// What a batch may take: beyond the limits of its statements the connection is dead, and a new one is taken.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(6);

/// A position with its next value.
#[derive(Debug)]
struct Step {
    from: LockedPosition,
    to: NewPosition,
}

/// Writes a batch in one transaction. What another node has passed already, and positions of people who have left, change
/// nothing.
pub(crate) async fn write_positions(app: &App, writing: &mut Writing<'_>) -> Result<(), Error> {
    let mut batch: Vec<_> = writing.batch().to_vec();
    batch.sort_unstable_by_key(|moved| (moved.room_id, moved.user_id));
    let keys: Vec<(RoomId, UserId)> = batch
        .iter()
        .map(|moved| (moved.room_id, moved.user_id))
        .collect();
    let advances: HashMap<(RoomId, UserId), Advance> = batch
        .iter()
        .map(|moved| ((moved.room_id, moved.user_id), moved.advance))
        .collect();
    let mut tx = app.pool.begin().await?;
    let steps: Vec<Step> = positions::lock(&mut tx, &keys)
        .await?
        .into_iter()
        .filter_map(|from| {
            let advance = advances.get(&(from.room_id, from.user_id))?;
            step(from, *advance)
        })
        .collect();
    let rows = write(app, &mut tx, &steps).await?;
    tx.commit().await?;
    writing.written();
    for receipt in steps.iter().filter_map(receipt) {
        app.fanout.publish_receipt(receipt);
    }
    user_events::publish(app, rows).await;
    Ok(())
}

/// Positions first, then the counters of the people's own logs: the order of locks everywhere.
async fn write(
    app: &App,
    db: &mut PgConnection,
    steps: &[Step],
) -> Result<Vec<UserEventRow>, Error> {
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    let next: Vec<NewPosition> = steps.iter().map(|step| step.to).collect();
    positions::update(db, &next).await?;
    let read: Vec<(RoomId, UserId, i64)> = next
        .iter()
        .filter(|position| position.read_at.is_some())
        .map(|position| (position.room_id, position.user_id, position.read_seq))
        .collect();
    let unread: HashMap<(RoomId, UserId), i64> = positions::list_unread(db, &read)
        .await?
        .into_iter()
        .map(|unread| ((unread.room_id, unread.user_id), unread.count))
        .collect();
    let events: Vec<NewUserEvent> = read
        .iter()
        .map(|&(room, user, seq)| {
            let unread = unread.get(&(room, user)).copied().unwrap_or(0);
            wire::user_event::read_moved(user, room, seq, unread)
        })
        .collect();
    Ok(user_log::insert(db, SOURCE, &events, app.clock.now()).await?)
}

/// The next value of a position; none when it does not move. Never above the head, never back; what was read has arrived.
fn step(from: LockedPosition, advance: Advance) -> Option<Step> {
    let rise = |mark: Option<Mark>, known: i64| {
        mark.map(|mark| Mark {
            seq: mark.seq.min(from.head),
            ..mark
        })
        .filter(|mark| mark.seq > known)
    };
    let read = rise(advance.read, from.read_seq);
    let arrived = Advance {
        delivered: advance.read,
        read: None,
    }
    .merge(Advance {
        read: None,
        ..advance
    });
    let delivered = rise(arrived.delivered, from.delivered_seq);
    if read.is_none() && delivered.is_none() {
        return None;
    }
    let to = NewPosition {
        room_id: from.room_id,
        user_id: from.user_id,
        read_seq: read.map_or(from.read_seq, |mark| mark.seq),
        read_at: read.map(|mark| mark.at),
        delivered_seq: delivered.map_or(from.delivered_seq, |mark| mark.seq),
        delivered_at: delivered.map(|mark| mark.at),
    };
    Some(Step { from, to })
}

/// What the others are told live: nothing in large rooms, nothing of and to somebody who does not show what they read.
fn receipt(step: &Step) -> Option<Receipt> {
    if step.from.participant_count > RECEIPTS_ROOM_SIZE || !step.from.read_receipts {
        return None;
    }
    let at = step.to.read_at.or(step.to.delivered_at)?;
    Some(Receipt {
        room_id: step.to.room_id.to_string(),
        user_id: step.to.user_id.to_string(),
        read_seq: step.to.read_at.map(|_| wire::seq(step.to.read_seq)),
        delivered_seq: step
            .to
            .delivered_at
            .map(|_| wire::seq(step.to.delivered_seq)),
        time: Some(wire::timestamp(at)),
        hidden_from_ids: step
            .from
            .hidden_from
            .iter()
            .map(UserId::to_string)
            .collect(),
    })
}
