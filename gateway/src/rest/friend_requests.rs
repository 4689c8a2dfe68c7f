//! Friend requests: ask, list, answer, withdraw.

use axum::{Json as Answer, extract::State};
use http::StatusCode;
use kith_api::{
    common::v1::PageRequest,
    friends::v1::{
        GetFriendRequestsRequest, RequestAction, RequestDirection, RequestStatus,
        RespondToFriendRequestRequest, SendFriendRequestRequest,
    },
};
use kith_ids::{FriendRequestId, UserId};
use utoipa::ToSchema;

use super::{created, filled};
use crate::{
    error::Problem,
    extract::{Caller, Id, Json, Query},
    read::{Fields, Read},
    state::AppState,
    upstream::{once, repeatable},
    wire::{FriendRequest, List},
};

/// Asks somebody to be friends.
#[derive(ToSchema)]
#[schema(as = FriendRequestCreate)]
pub(crate) struct SendRequest {
    #[schema(format = Uuid)]
    user_id: String,
    #[schema(max_length = 280)]
    note: Option<String>,
}

/// Answers or withdraws a request.
#[derive(ToSchema)]
#[schema(as = FriendRequestUpdate)]
pub(crate) struct RespondToRequest {
    /// `accept` and `decline` are the receiver's, `cancel` the sender's.
    #[schema(value_type = Action)]
    action: Option<RequestAction>,
}

/// What is done to a request.
#[derive(ToSchema)]
#[schema(as = FriendRequestAction, rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "describes the words; they are read into the proto's enum"
)]
enum Action {
    Accept,
    Decline,
    Cancel,
}

/// Which requests.
pub(crate) struct RequestsQuery {
    direction: Option<RequestDirection>,
    page: PageRequest,
}

impl Read for SendRequest {
    fn read(fields: &mut Fields) -> Self {
        Self {
            user_id: fields.id::<UserId>("user_id"),
            note: fields.optional_text("note", 0..=280),
        }
    }
}

impl Read for RespondToRequest {
    fn read(fields: &mut Fields) -> Self {
        Self {
            action: fields.word(
                "action",
                &[
                    ("accept", RequestAction::Accept),
                    ("decline", RequestAction::Decline),
                    ("cancel", RequestAction::Cancel),
                ],
            ),
        }
    }
}

impl Read for RequestsQuery {
    fn read(fields: &mut Fields) -> Self {
        Self {
            direction: fields.optional_word(
                "direction",
                &[
                    ("incoming", RequestDirection::Incoming),
                    ("outgoing", RequestDirection::Outgoing),
                ],
            ),
            page: fields.page(),
        }
    }
}

/// The caller's pending requests, newest first.
#[utoipa::path(
    get, path = "/api/v1/friends/requests", tag = "friends",
    params(
        ("direction" = Option<String>, Query, description = "`incoming` or `outgoing`; both when absent."),
        ("limit" = Option<u32>, Query, minimum = 1), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = List<FriendRequest>)),
)]
pub(crate) async fn list_requests(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<RequestsQuery>,
) -> Result<Answer<List<FriendRequest>>, Problem> {
    let call = GetFriendRequestsRequest {
        direction: query.direction.unwrap_or_default().into(),
        page: Some(query.page),
    };
    let answer = repeatable(&state.friends, || async {
        let mut friends = state.friends.friends(&caller.context);
        friends.get_friend_requests(call.clone()).await
    })
    .await?;
    Ok(Answer(List::page(answer.requests, answer.page)))
}

/// Asks somebody to be friends; if they have asked already, the two are friends at once.
#[utoipa::path(
    post, path = "/api/v1/friends/requests", tag = "friends", request_body = SendRequest,
    responses(
        (status = 201, body = FriendRequest),
        (status = 200, body = FriendRequest, description = "They had asked already: accepted."),
    ),
)]
pub(crate) async fn send_request(
    State(state): State<AppState>,
    caller: Caller,
    Json(body): Json<SendRequest>,
) -> Result<(StatusCode, Answer<FriendRequest>), Problem> {
    let call = SendFriendRequestRequest {
        user_id: body.user_id,
        note: body.note,
    };
    let answer = once(
        state
            .friends
            .friends(&caller.context)
            .send_friend_request(call),
    )
    .await?;
    let request = filled(answer.request)?;
    let is_new = request.status() != RequestStatus::Accepted;
    Ok((created(is_new), Answer(request.into())))
}

/// Accepts, declines or cancels a request.
#[utoipa::path(
    put, path = "/api/v1/friends/requests/{id}", tag = "friends", request_body = RespondToRequest,
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, body = FriendRequest)),
)]
pub(crate) async fn respond_to_request(
    State(state): State<AppState>,
    caller: Caller,
    Id(request): Id<FriendRequestId>,
    Json(body): Json<RespondToRequest>,
) -> Result<Answer<FriendRequest>, Problem> {
    let call = RespondToFriendRequestRequest {
        request_id: request.to_string(),
        action: body.action.unwrap_or_default().into(),
    };
    let answer = repeatable(&state.friends, || async {
        let mut friends = state.friends.friends(&caller.context);
        friends.respond_to_friend_request(call.clone()).await
    })
    .await?;
    Ok(Answer(filled(answer.request)?.into()))
}
