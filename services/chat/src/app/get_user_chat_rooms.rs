//! Lists somebody's rooms, newest activity first.

use kith_ids::{RoomId, UserId};
use kith_postgres::page;

use super::room_views;
use crate::{
    Error,
    app::App,
    domain::room_view::RoomView,
    store::user_rooms::{self, Place, Wanted},
};

/// Longest query, in characters.
const QUERY_MAX: usize = 64;

/// Which page of which list.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) archived: bool,
    /// Part of the name, or of the other person's names; empty: all.
    pub(crate) text: String,
    pub(crate) page_size: u32,
    pub(crate) page_token: String,
}

/// A page of rooms, and the cursor of the next.
#[derive(Debug)]
pub(crate) struct RoomPage {
    pub(crate) rooms: Vec<RoomView>,
    pub(crate) next: Option<String>,
}

/// One page: a statement for the order, and three for everything in it.
pub(crate) async fn get_user_chat_rooms(
    app: &App,
    caller: UserId,
    query: Query,
) -> Result<RoomPage, Error> {
    check_text(&query.text)?;
    let scope = format!("rooms:{caller}:{}:{}", query.archived, query.text);
    let size = page::size(query.page_size);
    let wanted = Wanted {
        user_id: caller,
        archived: query.archived,
        query: Some(query.text).filter(|text| !text.is_empty()),
        before: app.cursors.decode::<Place>(&scope, &query.page_token)?,
        limit: i64::from(size) + 1,
    };
    let mut db = app.pool.acquire().await?;
    let mut places = user_rooms::list(&mut db, &wanted).await?;
    let more = page::has_more(&mut places, size);
    let next = places
        .last()
        .filter(|_| more)
        .map(|last| app.cursors.encode(&scope, last));
    let keys: Vec<(UserId, RoomId)> = places.iter().map(|place| (caller, place.room_id)).collect();
    let rooms = room_views::list(app, &mut db, &keys).await?;
    Ok(RoomPage { rooms, next })
}

fn check_text(text: &str) -> Result<(), Error> {
    if text.chars().count() > QUERY_MAX {
        return Err(Error::invalid_field(
            "query",
            "too_long",
            "at most 64 characters",
        ));
    }
    if text.contains('\0') {
        return Err(Error::invalid_field(
            "query",
            "invalid",
            "must not contain NUL",
        ));
    }
    Ok(())
}
