//! Lists who is in a room, by time of joining.

use kith_ids::{RoomId, UserId};
use kith_postgres::page;

use super::room_views;
use crate::{
    Error,
    app::App,
    domain::participant::Participant,
    store::participants::{self, Wanted},
};

/// A page of participants, and the cursor of the next.
#[derive(Debug)]
pub(crate) struct ParticipantPage {
    pub(crate) participants: Vec<Participant>,
    pub(crate) next: Option<String>,
}

/// One page, for somebody who is in the room.
pub(crate) async fn get_participants(
    app: &App,
    caller: UserId,
    room: RoomId,
    (page_size, page_token): (u32, &str),
) -> Result<ParticipantPage, Error> {
    let scope = format!("participants:{room}:{caller}");
    let size = page::size(page_size);
    let mut db = app.pool.acquire().await?;
    participants::find(&mut db, room, caller)
        .await?
        .ok_or(Error::RoomNotFound)?;
    let after = app.cursors.decode::<(i64, UserId)>(&scope, page_token)?;
    let (rooms, viewers) = ([room], [caller]);
    let all = Wanted::all_of(&rooms);
    let wanted = Wanted {
        after: after.unwrap_or(all.after),
        each: i64::from(size) + 1,
        viewers: &viewers,
        ..all
    };
    let mut participants = participants::list(&mut db, wanted).await?;
    let more = page::has_more(&mut participants, size);
    let next = participants
        .last()
        .filter(|_| more)
        .map(|last| app.cursors.encode(&scope, &(last.joined_seq, last.user_id)));
    room_views::add_pending(app, &mut participants);
    Ok(ParticipantPage { participants, next })
}
