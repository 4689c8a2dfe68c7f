//! Puts somebody out of a group, or lets the caller leave.

use kith_ids::{RoomId, UserId};
use sqlx::PgConnection;

use super::stays;
use crate::{
    Error,
    app::App,
    domain::{
        membership::{Act, may_go, permit},
        role::Role,
    },
    store::{
        events,
        participants::{self, Stay},
        rooms::LockedRoom,
    },
};

/// Ends the stay of `target`, who is the caller when they leave.
pub(crate) async fn remove_participant(
    app: &App,
    caller: UserId,
    room: RoomId,
    target: UserId,
) -> Result<(), Error> {
    let mut tx = app.pool.begin().await?;
    let (mut room, stay) = stays::lock_for(&mut tx, room, caller).await?;
    let leaver = if target == caller {
        permit(stay.kind, stay.role, Act::Leave)?;
        stay
    } else {
        judge_removal(&mut tx, &room, stay, target).await?
    };
    let crew = participants::find_crew(&mut tx, room.id).await?;
    may_go(leaver.role, crew)?;
    let at = events::find_time(&mut tx).await?;
    let outcome = stays::leave(&mut tx, &mut room, target, at).await?;
    tx.commit().await?;
    outcome.publish_departure(app).await;
    Ok(())
}

/// Whether the caller may put out `target`; gives the target's stay.
async fn judge_removal(
    db: &mut PgConnection,
    room: &LockedRoom,
    stay: Stay,
    target: UserId,
) -> Result<Stay, Error> {
    // Who may remove nobody at all learns nothing about who is there.
    permit(stay.kind, stay.role, Act::Remove(Role::Member))?;
    let theirs = participants::find(db, room.id, target)
        .await?
        .ok_or(Error::UserNotFound)?;
    permit(stay.kind, stay.role, Act::Remove(theirs.role))?;
    Ok(theirs)
}
