//! Sets somebody's role in a group.

use kith_ids::{RoomId, UserId};

use super::stays;
use crate::{
    Error,
    app::App,
    domain::{
        membership::{Act, may_become, permit},
        participant::Participant,
        role::Role,
    },
    store::{events, participants},
};

/// Gives `target` the role; the one they have already changes nothing.
pub(crate) async fn update_participant_role(
    app: &App,
    caller: UserId,
    room: RoomId,
    (target, role): (UserId, Role),
) -> Result<Participant, Error> {
    let mut tx = app.pool.begin().await?;
    let (mut room, stay) = stays::lock_for(&mut tx, room, caller).await?;
    permit(stay.kind, stay.role, Act::SetRole)?;
    let theirs = participants::find(&mut tx, room.id, target)
        .await?
        .ok_or(Error::UserNotFound)?;
    let crew = participants::find_crew(&mut tx, room.id).await?;
    may_become(theirs.role, role, crew)?;
    if theirs.role == role {
        return stays::find_participant(&mut tx, room.id, target).await;
    }
    let at = events::find_time(&mut tx).await?;
    let event = stays::change_role(&mut tx, &mut room, (target, role), at).await?;
    let participant = stays::find_participant(&mut tx, room.id, target).await?;
    tx.commit().await?;
    app.fanout.publish_room_event(event);
    Ok(participant)
}
