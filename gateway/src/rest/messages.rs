//! Messages: page through a room's, send, mark as read, who got it.

use axum::{Json as Answer, extract::State};
use chrono::{DateTime, Utc};
use http::StatusCode;
use kith_api::chat::v1::{
    GetMessageReceiptsRequest, GetRoomMessagesRequest, MarkMessageAsReadRequest,
    SendMessageRequest, get_room_messages_request::Position,
};
use kith_error::{Failure, Reason, Violation};
use kith_ids::{MessageId, RoomId};
use serde_json::Value;
use utoipa::ToSchema;

use super::{created, filled, friends::PageQuery, rooms::timestamp};
use crate::{
    error::Problem,
    extract::{Caller, Id, Json, Nothing, Query},
    read::{Fields, Read},
    state::AppState,
    upstream::repeatable,
    wire::{List, Message, MessagePage, MessageReceipt, user_event::ReadMoved},
};

/// Messages of a page when the client does not say, and at most.
const MESSAGES: u32 = 50;
const MESSAGES_MAX: u64 = 100;

/// Sends a message.
#[derive(ToSchema)]
#[schema(as = MessageCreate)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendMessage {
    /// Makes a repeat safe, for ever; printable ASCII.
    #[schema(min_length = 1, max_length = 64)]
    client_id: String,
    /// Not blank; kept to the byte.
    #[schema(min_length = 1, max_length = 4000)]
    text: String,
    /// Id of a message of the same room.
    #[schema(format = Uuid)]
    reply_to: Option<String>,
    /// Only with a service key: when it was written, for imports.
    #[schema(value_type = Option<String>, format = DateTime)]
    created_at: Option<Value>,
}

/// Which messages of a room.
pub(crate) struct MessagesQuery {
    before: Option<u64>,
    after: Option<u64>,
    around: Option<u64>,
    limit: u32,
}

impl Read for SendMessage {
    fn read(fields: &mut Fields) -> Self {
        fields.no_media("attachments");
        Self {
            client_id: fields.ruled("client_id", kith_text::client_id),
            text: fields.ruled("text", kith_text::message),
            reply_to: fields.optional_id::<MessageId>("reply_to"),
            created_at: fields.take("created_at"),
        }
    }
}

impl Read for MessagesQuery {
    fn read(fields: &mut Fields) -> Self {
        Self {
            before: fields.optional_seq("before"),
            after: fields.optional_seq("after"),
            around: fields.optional_seq("around"),
            limit: fields.limit(MESSAGES, MESSAGES_MAX),
        }
    }
}

/// Messages of the room with this id, by rising seq: the newest, or before, after or around a seq.
#[utoipa::path(
    get, path = "/api/v1/chat/messages/{id}", tag = "chat",
    params(
        ("id" = String, Path, description = "The room.", format = Uuid),
        ("before" = Option<u64>, Query), ("after" = Option<u64>, Query), ("around" = Option<u64>, Query),
        ("limit" = Option<u32>, Query, minimum = 1),
    ),
    responses((status = 200, body = MessagePage)),
)]
pub(crate) async fn list_messages(
    State(state): State<AppState>,
    caller: Caller,
    Id(room): Id<RoomId>,
    Query(query): Query<MessagesQuery>,
) -> Result<Answer<MessagePage>, Problem> {
    let call = GetRoomMessagesRequest {
        room_id: room.to_string(),
        limit: query.limit,
        position: query.position()?,
    };
    let answer = repeatable(&state.chat, || async {
        let mut chat = state.chat.chat(&caller.context);
        chat.get_room_messages(call.clone()).await
    })
    .await?;
    Ok(Answer(MessagePage::for_viewer(answer, &caller.user)))
}

/// Sends a message into the room with this id. The same `client_id` again gives the first answer.
#[utoipa::path(
    post, path = "/api/v1/chat/messages/{id}", tag = "chat", request_body = SendMessage,
    params(("id" = String, Path, description = "The room.", format = Uuid)),
    responses(
        (status = 201, body = Message),
        (status = 200, body = Message, description = "It was sent before."),
    ),
)]
pub(crate) async fn send_message(
    State(state): State<AppState>,
    caller: Caller,
    Id(room): Id<RoomId>,
    Json(body): Json<SendMessage>,
) -> Result<(StatusCode, Answer<Message>), Problem> {
    let written_at = body.written_at(caller.is_service())?;
    if !caller.is_service() {
        state.limits.message(caller.user_id)?;
    }
    let call = SendMessageRequest {
        room_id: room.to_string(),
        client_id: body.client_id,
        text: body.text,
        reply_to_id: body.reply_to,
        create_time: written_at.map(timestamp),
    };
    // Its `client_id` makes a message safe to repeat.
    let answer = repeatable(&state.chat, || async {
        let mut chat = state.chat.chat(&caller.context);
        chat.send_message(call.clone()).await
    })
    .await?;
    let message = Message::for_viewer(filled(answer.message)?, &caller.user);
    Ok((created(!answer.duplicate), Answer(message)))
}

/// Everything up to the message with this id is read; never moves back.
#[utoipa::path(
    post, path = "/api/v1/chat/messages/{id}/read", tag = "chat",
    params(("id" = String, Path, description = "The message.", format = Uuid)),
    responses((status = 200, body = ReadMoved)),
)]
pub(crate) async fn mark_as_read(
    State(state): State<AppState>,
    caller: Caller,
    Id(message): Id<MessageId>,
    _: Nothing,
) -> Result<Answer<ReadMoved>, Problem> {
    let answer = repeatable(&state.chat, || async {
        let message_id = message.to_string();
        let mut chat = state.chat.chat(&caller.context);
        chat.mark_message_as_read(MarkMessageAsReadRequest { message_id })
            .await
    })
    .await?;
    Ok(Answer(ReadMoved {
        room_id: answer.room_id,
        last_read_seq: answer.last_read_seq,
        unread_count: answer.unread_count,
    }))
}

/// Who of the others got and read the message with this id, and when.
#[utoipa::path(
    get, path = "/api/v1/chat/messages/{id}/receipts", tag = "chat",
    params(
        ("id" = String, Path, description = "The message.", format = Uuid),
        ("limit" = Option<u32>, Query, minimum = 1), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = List<MessageReceipt>)),
)]
pub(crate) async fn list_receipts(
    State(state): State<AppState>,
    caller: Caller,
    Id(message): Id<MessageId>,
    Query(PageQuery(page)): Query<PageQuery>,
) -> Result<Answer<List<MessageReceipt>>, Problem> {
    let call = GetMessageReceiptsRequest {
        message_id: message.to_string(),
        page: Some(page),
    };
    let answer = repeatable(&state.chat, || async {
        let mut chat = state.chat.chat(&caller.context);
        chat.get_message_receipts(call.clone()).await
    })
    .await?;
    Ok(Answer(List::page(answer.receipts, answer.page)))
}

impl SendMessage {
    /// When an import was written. For people `created_at` is a field like any other that the call does not know.
    fn written_at(&self, is_service: bool) -> Result<Option<DateTime<Utc>>, Failure> {
        let Some(value) = &self.created_at else {
            return Ok(None);
        };
        if !is_service {
            let violation = Violation::new("created_at", "unknown", "is not a field of this call");
            return Err(Failure {
                violations: vec![violation],
                ..Failure::new(
                    Reason::UnknownField,
                    "the request has fields that this call does not know",
                )
            });
        }
        let time = value
            .as_str()
            .and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        time.map(|time| Some(time.to_utc())).ok_or_else(|| {
            Failure::invalid_field(
                "created_at",
                "invalid",
                "must be a time such as 2026-11-22T10:15:00Z",
            )
        })
    }
}

impl MessagesQuery {
    fn position(&self) -> Result<Option<Position>, Failure> {
        let mut given = [
            self.before.map(Position::BeforeSeq),
            self.after.map(Position::AfterSeq),
            self.around.map(Position::AroundSeq),
        ]
        .into_iter()
        .flatten();
        let position = given.next();
        if given.next().is_some() {
            let message = "only one of `before`, `after` and `around` may be given";
            return Err(Failure::new(Reason::InvalidRequest, message));
        }
        Ok(position)
    }
}
