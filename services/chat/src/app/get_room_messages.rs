//! Pages through the messages of somebody's stay by seq.

use kith_ids::{RoomId, UserId};
use sqlx::PgConnection;

use super::App;
use crate::{
    Error,
    domain::message::Message,
    store::{
        heads,
        message_rows::{self, Range},
    },
};

/// Which messages are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Page {
    Newest,
    Before(i64),
    After(i64),
    Around(i64),
}

/// A page, by rising seq.
pub(crate) struct Found {
    pub(crate) messages: Vec<Message>,
    pub(crate) has_before: bool,
    pub(crate) has_after: bool,
    pub(crate) last_seq: i64,
}

pub(crate) async fn get_room_messages(
    app: &App,
    user: UserId,
    room: RoomId,
    page: Page,
    limit: i64,
) -> Result<Found, Error> {
    let mut db = app.pool.acquire().await?;
    let stays = heads::list_stays(&mut db, user, &[room]).await?;
    let stay = stays
        .into_iter()
        .find(|stay| stay.left_seq.is_none())
        .ok_or(Error::RoomNotFound)?;
    let mut reader = Reader {
        db: &mut db,
        room,
        user,
    };
    // Before `after`, up to and with `before`: what lies on either side of the place that was asked for.
    let (lower, upper) = match page {
        Page::Newest | Page::Before(_) => (limit, 0),
        Page::After(_) => (0, limit),
        Page::Around(_) => (limit, limit),
    };
    let place = match page {
        Page::Newest => i64::MAX,
        Page::Before(seq) | Page::Around(seq) => seq,
        Page::After(seq) => seq.saturating_add(1),
    };
    let older = reader.below(place, lower + 1).await?;
    let newer = if place == i64::MAX {
        Vec::new()
    } else {
        reader.from(place, upper + 1).await?
    };
    Ok(join(older, newer, page, limit, stay.last_seq))
}

struct Reader<'a> {
    db: &'a mut PgConnection,
    room: RoomId,
    user: UserId,
}

impl Reader<'_> {
    async fn below(&mut self, seq: i64, limit: i64) -> Result<Vec<Message>, sqlx::Error> {
        self.list(0, seq, limit, true).await
    }

    async fn from(&mut self, seq: i64, limit: i64) -> Result<Vec<Message>, sqlx::Error> {
        self.list(seq.saturating_sub(1), i64::MAX, limit, false)
            .await
    }

    async fn list(
        &mut self,
        after: i64,
        before: i64,
        limit: i64,
        newest_first: bool,
    ) -> Result<Vec<Message>, sqlx::Error> {
        let range = Range {
            room_id: self.room,
            user_id: self.user,
            after,
            before,
            limit,
            newest_first,
        };
        message_rows::list(self.db, range).await
    }
}

/// Takes the page out of what lies below and above the place, each read with one too many.
fn join(
    mut older: Vec<Message>,
    mut newer: Vec<Message>,
    page: Page,
    limit: i64,
    last_seq: i64,
) -> Found {
    let limit = usize::try_from(limit).unwrap_or(0);
    let (take_older, take_newer) = match page {
        Page::Newest | Page::Before(_) => (limit, 0),
        Page::After(_) => (0, limit),
        // Half and half; what one side lacks the other may fill.
        Page::Around(_) => {
            let half = limit / 2;
            let from_newer = (limit - half).max(limit.saturating_sub(older.len()));
            let from_newer = from_newer.min(newer.len());
            (limit - from_newer, from_newer)
        }
    };
    let has_before = older.len() > take_older;
    let has_after = newer.len() > take_newer;
    let mut messages = older.split_off(older.len().saturating_sub(take_older));
    newer.truncate(take_newer);
    messages.append(&mut newer);
    Found {
        messages,
        has_before,
        has_after,
        last_seq,
    }
}
