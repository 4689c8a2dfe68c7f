//! Takes what accounts says about users. Somebody whose account is gone leaves all groups; their direct rooms stay readable
//! and take no more messages.

use kith_ids::{RoomId, UserId};
use sqlx::PgConnection;

use super::stays::{self, Outcome};
use crate::{
    Error,
    app::App,
    domain::{
        membership::{heir, may_go},
        pair::PairKey,
        role::Role,
    },
    store::{
        events, pairs,
        participants::{self, Stay},
        rooms::{self, LockedRoom},
        users::{self, UserRow},
    },
};

/// Takes the users; a version not above the known one is ignored. May be repeated: what an earlier try left undone of a
/// deletion is done now.
pub(crate) async fn apply_users(app: &App, given: &[UserRow]) -> Result<(), Error> {
    let ids: Vec<UserId> = given.iter().map(|user| user.user_id).collect();
    let mut db = app.pool.acquire().await?;
    users::insert(&mut db, given).await?;
    // Committed: from now on nobody brings them in, and every room that was being made with them is there to be found.
    let deleted = users::list_deleted(&mut db, &ids).await?;
    drop(db);
    for user in deleted {
        let mut db = app.pool.acquire().await?;
        let rooms = rooms::list_of_user(&mut db, user).await?;
        drop(db);
        for room in rooms {
            withdraw(app, user, room).await?;
        }
    }
    Ok(())
}

/// Takes somebody out of one room.
async fn withdraw(app: &App, user: UserId, room: RoomId) -> Result<(), Error> {
    let mut tx = app.pool.begin().await?;
    let Some(mut room) = rooms::lock(&mut tx, &[room]).await?.pop() else {
        return Ok(());
    };
    let Some(stay) = participants::find(&mut tx, room.id, user).await? else {
        return Ok(());
    };
    let outcome = if room.is_direct {
        close(&mut tx, &room).await?;
        Outcome::default()
    } else {
        leave(&mut tx, &mut room, user, stay).await?
    };
    tx.commit().await?;
    outcome.publish_departure(app).await;
    Ok(())
}

async fn close(db: &mut PgConnection, room: &LockedRoom) -> Result<(), Error> {
    if let (Some(lo), Some(hi)) = (room.user_lo, room.user_hi) {
        pairs::update_closed(db, PairKey { lo, hi }).await?;
    }
    Ok(())
}

/// Leaves a group, after handing it over when nobody else owns it.
async fn leave(
    db: &mut PgConnection,
    room: &mut LockedRoom,
    user: UserId,
    stay: Stay,
) -> Result<Outcome, Error> {
    let at = events::find_time(db).await?;
    let crew = participants::find_crew(db, room.id).await?;
    let mut handed_over = None;
    if may_go(stay.role, crew).is_err() {
        let others = participants::list_candidates(db, room.id, user).await?;
        if let Some(heir) = heir(&others) {
            handed_over = Some(stays::change_role(db, room, (heir, Role::Owner), at).await?);
        }
    }
    let mut outcome = stays::leave(db, room, user, at).await?;
    outcome.room_events.splice(0..0, handed_over);
    Ok(outcome)
}
