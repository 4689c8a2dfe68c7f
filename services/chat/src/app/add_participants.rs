//! Brings people into a group.

use std::collections::HashSet;

use kith_ids::{RoomId, UserId};

use super::{
    judge_additions::{Additions, judge_additions, lock_additions},
    stays,
};
use crate::{
    Error,
    app::App,
    domain::{
        membership::{Act, permit},
        participant::Participant,
    },
    store::{events, participants},
};

/// Adds those who are not in yet and gives them. One refused person refuses the whole call.
pub(crate) async fn add_participants(
    app: &App,
    caller: UserId,
    room: RoomId,
    listed: &[UserId],
) -> Result<Vec<Participant>, Error> {
    let present = judge_caller(app, caller, room, listed).await?;
    let additions = Additions::new("user_ids", listed, &present);
    // More than ever fit are not asked about.
    if additions.people.len() >= app.config.group_size as usize {
        return Err(Error::RoomFull);
    }
    judge_additions(app, caller, &additions).await?;
    if additions.people.is_empty() {
        return Ok(Vec::new());
    }
    add(app, caller, room, &additions).await
}

/// Refuses callers without the right before anything is asked of the siblings, and says who of the listed is in already.
async fn judge_caller(
    app: &App,
    caller: UserId,
    room: RoomId,
    listed: &[UserId],
) -> Result<Vec<UserId>, Error> {
    let mut db = app.pool.acquire().await?;
    let stay = participants::find(&mut db, room, caller)
        .await?
        .ok_or(Error::RoomNotFound)?;
    permit(stay.kind, stay.role, Act::Add)?;
    Ok(participants::list_present(&mut db, room, listed).await?)
}

async fn add(
    app: &App,
    caller: UserId,
    room: RoomId,
    additions: &Additions,
) -> Result<Vec<Participant>, Error> {
    let mut tx = app.pool.begin().await?;
    let (mut room, stay) = stays::lock_for(&mut tx, room, caller).await?;
    // Again: the caller's role may have changed while the siblings were asked, and others may have been quicker.
    permit(stay.kind, stay.role, Act::Add)?;
    let mut fresh = additions.ids();
    let present: HashSet<UserId> = participants::list_present(&mut tx, room.id, &fresh)
        .await?
        .into_iter()
        .collect();
    fresh.retain(|user| !present.contains(user));
    let free = i64::from(app.config.group_size) - i64::from(room.participant_count);
    if i64::try_from(fresh.len()).unwrap_or(i64::MAX) > free {
        return Err(Error::RoomFull);
    }
    if fresh.is_empty() {
        return Ok(Vec::new());
    }
    lock_additions(&mut tx, caller, additions).await?;
    let at = events::find_time(&mut tx).await?;
    let (outcome, people) = stays::join(&mut tx, &mut room, &fresh, at).await?;
    tx.commit().await?;
    outcome.publish_arrival(app).await;
    Ok(people)
}
