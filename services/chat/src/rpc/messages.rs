//! Messages: sending and paging.

use kith_api::chat::v1::{
    GetRoomMessagesRequest, GetRoomMessagesResponse, SendMessageRequest, SendMessageResponse,
    get_room_messages_request::Position,
};
use kith_error::Violation;
use tonic::Request;

use super::convert;
use crate::{
    Error,
    app::{
        App,
        get_room_messages::{self, Page},
        send_message::{self, NewMessage},
    },
    wire,
};

pub(super) async fn send_message(
    app: &App,
    request: Request<SendMessageRequest>,
) -> Result<SendMessageResponse, Error> {
    let caller = convert::caller(&request)?;
    let new = new_message(request.into_inner())?;
    Ok(send_message::send_message(app, &caller, new).await??)
}

/// Decodes a send, of a call or of a stream.
pub(super) fn new_message(request: SendMessageRequest) -> Result<NewMessage, Error> {
    let mut violations = Vec::new();
    let room_id = request
        .room_id
        .parse()
        .map_err(|_| violations.push(convert::bad_id("room_id", &request.room_id)))
        .ok();
    let reply_to = request.reply_to_id.as_ref().and_then(|text| {
        text.parse()
            .map_err(|_| violations.push(convert::bad_id("reply_to_id", text)))
            .ok()
    });
    let create_time = request.create_time.as_ref().and_then(|timestamp| {
        let time = wire::time(timestamp);
        if time.is_none() {
            violations.push(Violation::new("create_time", "invalid", "this is no time"));
        }
        time
    });
    match room_id {
        Some(room_id) if violations.is_empty() => Ok(NewMessage {
            room_id,
            client_id: request.client_id,
            text: request.text,
            reply_to,
            create_time,
        }),
        _ => {
            // All bad fields at once, also those that the use case would judge.
            violations.extend(send_message::check_fields(
                &request.client_id,
                &request.text,
            ));
            Err(Error::Invalid(violations))
        }
    }
}

pub(super) async fn get_room_messages(
    app: &App,
    request: Request<GetRoomMessagesRequest>,
) -> Result<GetRoomMessagesResponse, Error> {
    let user = convert::acting_user(&request)?;
    let request = request.into_inner();
    let room_id = convert::id("room_id", &request.room_id)?;
    let page = match request.position {
        None => Page::Newest,
        Some(Position::BeforeSeq(seq)) => Page::Before(convert::seq(seq)),
        Some(Position::AfterSeq(seq)) => Page::After(convert::seq(seq)),
        Some(Position::AroundSeq(seq)) => Page::Around(convert::seq(seq)),
    };
    let limit = kith_postgres::page::size(request.limit);
    let found =
        get_room_messages::get_room_messages(app, user, room_id, page, i64::from(limit)).await?;
    Ok(GetRoomMessagesResponse {
        messages: found
            .messages
            .into_iter()
            .map(|message| wire::message::message(message, Some(user)))
            .collect(),
        has_before: found.has_before,
        has_after: found.has_after,
        last_seq: wire::seq(found.last_seq),
    })
}
