//! Tells the others in rooms that somebody writes there, or stopped. All that is said together costs one look at the tables.

use kith_api::chat::v1::Typing;
use kith_ids::{RoomId, UserId};

use super::App;
use crate::{Error, store::typing};

/// Somebody writes in a room, or stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Writer {
    pub(crate) user_id: UserId,
    pub(crate) room_id: RoomId,
    pub(crate) active: bool,
}

/// Says it of each who is in their room, in their order; gives how it went.
pub(crate) async fn set_typing(app: &App, writers: &[Writer]) -> Vec<Result<(), Error>> {
    let hidden = match list_hidden(app, writers).await {
        Ok(hidden) => hidden,
        Err(error) => {
            tracing::warn!(%error, writers = writers.len(), "it cannot be looked up who may know of writers");
            return writers.iter().map(|_| Err(unavailable())).collect();
        }
    };
    let mut told = Vec::with_capacity(writers.len());
    let mut typings = Vec::with_capacity(writers.len());
    for (writer, hidden) in writers.iter().zip(hidden) {
        let typing = hidden.map(|hidden| Typing {
            room_id: writer.room_id.to_string(),
            user_id: writer.user_id.to_string(),
            active: writer.active,
            hidden_from_ids: hidden.into_iter().map(String::from).collect(),
        });
        told.push(typing.as_ref().map(|_| ()).ok_or(Error::RoomNotFound));
        typings.extend(typing);
    }
    app.fanout.publish_typings(typings);
    told
}

async fn list_hidden(
    app: &App,
    writers: &[Writer],
) -> Result<Vec<Option<Vec<UserId>>>, sqlx::Error> {
    let asked: Vec<(RoomId, UserId)> = writers
        .iter()
        .map(|writer| (writer.room_id, writer.user_id))
        .collect();
    let mut db = app.pool.acquire().await?;
    typing::list_hidden(&mut db, &asked).await
}

const fn unavailable() -> Error {
    Error::Unavailable("it cannot be looked up who may know")
}
