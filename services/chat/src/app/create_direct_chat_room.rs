//! Opens the one direct room of two people.

use kith_api::friends::v1::GetPairRequest;
use kith_auth::Caller;
use kith_ids::{RoomId, UserId};

use super::{learn_users::learn_users, room_views, stays};
use crate::{
    Error,
    app::App,
    domain::{
        pair::{Pair, PairKey},
        role::Role,
        room_view::RoomView,
    },
    store::{
        events, pairs,
        rooms::{self, NewRoom},
        users,
    },
    wire,
};

/// How often friends is asked again because its answer was overtaken by a newer version.
const ATTEMPTS: usize = 5;

/// A room, and whether this call made it.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) room: RoomView,
    pub(crate) created: bool,
}

/// Opens the room of the caller and the other one, or gives the one that is there. A block or a privacy setting refuses
/// both alike.
pub(crate) async fn create_direct_chat_room(
    app: &App,
    caller: UserId,
    other: UserId,
) -> Result<Opened, Error> {
    let key = PairKey::of(caller, other).ok_or(Error::CannotTargetSelf)?;
    if !learn_users(app, &[caller, other]).await?.contains(&other) {
        return Err(Error::UserNotFound);
    }
    for _ in 0..ATTEMPTS {
        let pair = ask_pair(app, key).await?;
        if let Some((room, created)) = open(app, caller, pair).await? {
            let mut db = app.pool.acquire().await?;
            let room = room_views::find(app, &mut db, caller, room).await?;
            return Ok(Opened { room, created });
        }
    }
    Err(Error::Unavailable(
        "the pair changes faster than it can be asked for",
    ))
}

/// What friends says of the two now. From then on it tells chat of every change.
async fn ask_pair(app: &App, key: PairKey) -> Result<Pair, Error> {
    let request = GetPairRequest {
        user_id: key.lo.to_string(),
        other_id: key.hi.to_string(),
    };
    let mut friends = app.friends.friends(&Caller::node("chat"));
    let answer = friends.get_pair(request).await?.into_inner();
    answer
        .pair
        .as_ref()
        .and_then(wire::pair::pair)
        .filter(|pair| pair.key == key)
        .ok_or(Error::Unavailable("friends gave no pair"))
}

/// Opens the room by this answer of friends; none when a newer one is known by now. The pair's row is locked, so two who
/// open at once do so one after the other, and a block that commits meanwhile is seen or sees the room.
async fn open(app: &App, caller: UserId, pair: Pair) -> Result<Option<(RoomId, bool)>, Error> {
    let people = [pair.key.lo, pair.key.hi];
    let mut tx = app.pool.begin().await?;
    let existing = rooms::find_by_pair(&mut tx, pair.key).await?;
    if let Some(room) = existing {
        // The room before the pair's row, as everywhere.
        rooms::lock(&mut tx, &[room]).await?;
    }
    if users::lock(&mut tx, &people).await?.len() < people.len() {
        return Err(Error::UserNotFound);
    }
    pairs::insert(&mut tx, &[pair]).await?;
    let known = pairs::find(&mut tx, pair.key).await?;
    if known.is_none_or(|known| known.version > pair.version) {
        return Ok(None);
    }
    if !pair.may_message(caller) {
        // What friends said is kept all the same.
        tx.commit().await?;
        return Err(Error::NotAllowedByPrivacy);
    }
    if let Some(room) = existing {
        tx.commit().await?;
        return Ok(Some((room, false)));
    }
    let new = NewRoom {
        id: app.clock.new_id().into(),
        pair: Some(pair.key),
        name: None,
        created_by: caller,
        client_id: None,
    };
    let Some(mut room) = rooms::insert(&mut tx, &new).await? else {
        let theirs = rooms::find_by_pair(&mut tx, pair.key).await?;
        return Ok(theirs.map(|room| (room, false)));
    };
    let at = events::find_time(&mut tx).await?;
    let founders = people.map(|user| (user, Role::Member));
    let outcome = stays::found(&mut tx, &mut room, &founders, at).await?;
    tx.commit().await?;
    outcome.publish_arrival(app).await;
    Ok(Some((room.id, true)))
}
