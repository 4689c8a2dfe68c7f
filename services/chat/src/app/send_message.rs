//! Sends a message: judged here as far as its own fields go, and in the append by the room.

use chrono::{DateTime, TimeDelta, Utc};
use kith_auth::Caller;
use kith_error::Violation;
use kith_ids::{MessageId, RoomId};
use tokio::sync::oneshot;

use super::App;
use crate::{
    Error,
    domain::{
        client_id::ClientId,
        message::{Draft, check_text, hash_body},
    },
    lanes::{Answer, Responder},
};

/// How far another machine's clock may be ahead of ours.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// What somebody wants to send.
pub(crate) struct NewMessage {
    pub(crate) room_id: RoomId,
    pub(crate) client_id: String,
    pub(crate) text: String,
    pub(crate) reply_to: Option<MessageId>,
    /// When it was written; for service keys only.
    pub(crate) create_time: Option<DateTime<Utc>>,
}

/// Sends, and answers after the commit.
pub(crate) async fn send_message(
    app: &App,
    caller: &Caller,
    new: NewMessage,
) -> Result<Answer, Error> {
    let draft = draft(app, caller, new)?;
    let (sender, receiver) = oneshot::channel();
    app.lanes.submit(draft, Responder::Call(sender));
    // The lane drops an answer only when it ends.
    receiver
        .await
        .map_err(|_| Error::Unavailable("the node is leaving"))
}

/// Checks every field that can be judged without the database.
pub(crate) fn draft(app: &App, caller: &Caller, new: NewMessage) -> Result<Draft, Error> {
    let sender_id = caller.acting_user()?;
    let mut violations: Vec<Violation> = Vec::new();
    let client_id = ClientId::parse("client_id", new.client_id)
        .map_err(|violation| violations.push(violation))
        .ok();
    violations.extend(check_text(&new.text));
    if let Some(create_time) = new.create_time {
        violations.extend(check_create_time(app, caller, create_time));
    }
    match client_id {
        Some(client_id) if violations.is_empty() => Ok(Draft {
            id: app.clock.new_id().into(),
            room_id: new.room_id,
            sender_id,
            client_id,
            body_hash: hash_body(&app.body_key, &new.text, new.reply_to),
            text: new.text,
            reply_to: new.reply_to,
            create_time: new.create_time,
        }),
        _ => Err(Error::Invalid(violations)),
    }
}

/// What is wrong with the fields that every send has.
pub(crate) fn check_fields(client_id: &str, text: &str) -> Vec<Violation> {
    ClientId::parse("client_id", client_id.to_owned())
        .err()
        .into_iter()
        .chain(check_text(text))
        .collect()
}

fn check_create_time(app: &App, caller: &Caller, at: DateTime<Utc>) -> Option<Violation> {
    if !caller.is_service() {
        return Some(Violation::new(
            "create_time",
            "forbidden",
            "only a service key may say when a message was written",
        ));
    }
    (at > app.clock.now() + LEEWAY)
        .then(|| Violation::new("create_time", "too_late", "not in the future"))
}
