//! Makes a group, owned by its maker; repeatable by the maker's `client_id`.

use kith_ids::{RoomId, UserId};

use super::{
    create_direct_chat_room::Opened,
    judge_additions::{Additions, judge_additions, lock_additions},
    learn_users::learn_users,
    room_views, stays,
};
use crate::{
    Error,
    app::App,
    domain::{client_id::ClientId, role::Role},
    store::{
        events,
        rooms::{self, NewRoom},
    },
};

/// A group as its maker wants it.
#[derive(Debug)]
pub(crate) struct NewGroup {
    pub(crate) name: String,
    pub(crate) participant_ids: Vec<UserId>,
    pub(crate) client_id: Option<ClientId>,
}

/// Makes the group, or gives the one that the same `client_id` made before. One refused person refuses the whole call.
pub(crate) async fn create_group_chat_room(
    app: &App,
    caller: UserId,
    group: NewGroup,
) -> Result<Opened, Error> {
    if let Some(opened) = find_existing(app, caller, group.client_id.as_ref()).await? {
        return Ok(opened);
    }
    let additions = Additions::new("participant_ids", &group.participant_ids, &[caller]);
    if additions.people.len() >= app.config.group_size as usize {
        return Err(Error::RoomFull);
    }
    learn_users(app, &[caller]).await?;
    judge_additions(app, caller, &additions).await?;
    match make(app, caller, &group, &additions).await? {
        Some(room) => view(app, caller, room, true).await,
        // The same call, made at the same time, was first.
        None => find_existing(app, caller, group.client_id.as_ref())
            .await?
            .ok_or(Error::Unavailable(
                "the group of this client_id is not there yet",
            )),
    }
}

async fn find_existing(
    app: &App,
    caller: UserId,
    client_id: Option<&ClientId>,
) -> Result<Option<Opened>, Error> {
    let Some(client_id) = client_id else {
        return Ok(None);
    };
    let mut db = app.pool.acquire().await?;
    let room = rooms::find_by_creation(&mut db, caller, client_id.as_str()).await?;
    drop(db);
    match room {
        Some(room) => view(app, caller, room, false).await.map(Some),
        None => Ok(None),
    }
}

async fn view(app: &App, caller: UserId, room: RoomId, created: bool) -> Result<Opened, Error> {
    let mut db = app.pool.acquire().await?;
    let room = room_views::find(app, &mut db, caller, room).await?;
    Ok(Opened { room, created })
}

/// Writes the group; none when its `client_id` is taken.
async fn make(
    app: &App,
    caller: UserId,
    group: &NewGroup,
    additions: &Additions,
) -> Result<Option<RoomId>, Error> {
    let mut founders = vec![(caller, Role::Owner)];
    founders.extend(additions.ids().into_iter().map(|user| (user, Role::Member)));
    let new = NewRoom {
        id: app.clock.new_id().into(),
        pair: None,
        name: Some(group.name.clone()),
        created_by: caller,
        client_id: group.client_id.as_ref().map(|id| id.as_str().to_owned()),
    };
    let mut tx = app.pool.begin().await?;
    let Some(mut room) = rooms::insert(&mut tx, &new).await? else {
        return Ok(None);
    };
    lock_additions(&mut tx, caller, additions).await?;
    let at = events::find_time(&mut tx).await?;
    let outcome = stays::found(&mut tx, &mut room, &founders, at).await?;
    tx.commit().await?;
    outcome.publish_arrival(app).await;
    Ok(Some(room.id))
}
