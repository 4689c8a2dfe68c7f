//! Friends and blocks.

use std::{future::Future, time::Duration};

use axum::{Json, extract::State};
use http::StatusCode;
use kith_api::{
    common::v1::PageRequest,
    friends::v1::{
        BlockUserRequest, GetBlockedUsersRequest, GetUserFriendsRequest, GetUserFriendsResponse,
        RemoveFriendRequest, UnblockUserRequest, friends_service_client::FriendsServiceClient,
    },
    presence::v1::{GetPresencesRequest, Presence},
};
use kith_client::Intercepted;
use kith_ids::UserId;
use tonic::{Response, Status};

use crate::{
    error::Problem,
    extract::{Caller, Id, Nothing, Query},
    read::{Fields, Read},
    state::AppState,
    upstream::repeatable,
    wire::{BlockedUser, FriendList, List},
};

/// How long a list waits for presence.
const PRESENCE_PATIENCE: Duration = Duration::from_secs(1);

/// Which friends.
pub(crate) struct FriendsQuery {
    q: String,
    page: PageRequest,
}

/// Which page of a list.
pub(crate) struct PageQuery(pub(super) PageRequest);

impl Read for FriendsQuery {
    fn read(fields: &mut Fields) -> Self {
        Self {
            q: fields.optional_text("q", 0..=64).unwrap_or_default(),
            page: fields.page(),
        }
    }
}

impl Read for PageQuery {
    fn read(fields: &mut Fields) -> Self {
        Self(fields.page())
    }
}

/// The caller's friends by name.
#[utoipa::path(
    get, path = "/api/v1/friends/", tag = "friends",
    params(
        ("q" = Option<String>, Query, description = "Part of a name.", max_length = 64),
        ("limit" = Option<u32>, Query, minimum = 1), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = FriendList)),
)]
pub(crate) async fn list_friends(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<FriendsQuery>,
) -> Result<Json<FriendList>, Problem> {
    let call = GetUserFriendsRequest {
        query: query.q,
        page: Some(query.page),
    };
    let answer = repeatable(&state.friends, || async {
        let mut friends = state.friends.friends(&caller.context);
        friends.get_user_friends(call.clone()).await
    })
    .await?;
    let presences = presences_of(&state, &caller, &answer).await;
    Ok(Json(FriendList::new(answer, &presences)))
}

/// How the friends of a page look. A list without is better than none: presence that does not answer soon is not waited for.
async fn presences_of(
    state: &AppState,
    caller: &Caller,
    page: &GetUserFriendsResponse,
) -> Vec<Presence> {
    let user_ids: Vec<String> = page
        .friends
        .iter()
        .filter_map(|friend| Some(friend.user.as_ref()?.user_id.clone()))
        .collect();
    if user_ids.is_empty() {
        return Vec::new();
    }
    let mut presence = state.presence.presence(&caller.context);
    let asked = presence.get_presences(GetPresencesRequest { user_ids });
    match tokio::time::timeout(PRESENCE_PATIENCE, asked).await {
        Ok(Ok(answer)) => answer.into_inner().presences,
        Ok(Err(status)) => {
            tracing::warn!(code = ?status.code(), "friends are listed without presence");
            Vec::new()
        }
        Err(_) => Vec::new(),
    }
}

/// Ends a friendship; also when there was none.
#[utoipa::path(
    delete, path = "/api/v1/friends/{user_id}", tag = "friends",
    params(("user_id" = String, Path, format = Uuid)),
    responses((status = 204, description = "The two are no friends.")),
)]
pub(crate) async fn remove_friend(
    State(state): State<AppState>,
    caller: Caller,
    Id(user): Id<UserId>,
    _: Nothing,
) -> Result<StatusCode, Problem> {
    settle(&state, &caller, user, |mut friends, user_id| async move {
        friends.remove_friend(RemoveFriendRequest { user_id }).await
    })
    .await
}

/// Blocks somebody; ends friendship and open requests. It holds when this answers.
#[utoipa::path(
    post, path = "/api/v1/friends/block/{user_id}", tag = "friends",
    params(("user_id" = String, Path, format = Uuid)),
    responses((status = 204, description = "They are blocked.")),
)]
pub(crate) async fn block_user(
    State(state): State<AppState>,
    caller: Caller,
    Id(user): Id<UserId>,
    _: Nothing,
) -> Result<StatusCode, Problem> {
    settle(&state, &caller, user, |mut friends, user_id| async move {
        friends.block_user(BlockUserRequest { user_id }).await
    })
    .await
}

/// Lifts a block. Nothing that it ended comes back.
#[utoipa::path(
    delete, path = "/api/v1/friends/block/{user_id}", tag = "friends",
    params(("user_id" = String, Path, format = Uuid)),
    responses((status = 204, description = "They are not blocked.")),
)]
pub(crate) async fn unblock_user(
    State(state): State<AppState>,
    caller: Caller,
    Id(user): Id<UserId>,
    _: Nothing,
) -> Result<StatusCode, Problem> {
    settle(&state, &caller, user, |mut friends, user_id| async move {
        friends.unblock_user(UnblockUserRequest { user_id }).await
    })
    .await
}

/// Whom the caller blocks, newest first.
#[utoipa::path(
    get, path = "/api/v1/friends/blocked", tag = "friends",
    params(("limit" = Option<u32>, Query, minimum = 1), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<BlockedUser>)),
)]
pub(crate) async fn list_blocked(
    State(state): State<AppState>,
    caller: Caller,
    Query(PageQuery(page)): Query<PageQuery>,
) -> Result<Json<List<BlockedUser>>, Problem> {
    let call = GetBlockedUsersRequest { page: Some(page) };
    let answer = repeatable(&state.friends, || async {
        let mut friends = state.friends.friends(&caller.context);
        friends.get_blocked_users(call.clone()).await
    })
    .await?;
    Ok(Json(List::page(answer.blocked, answer.page)))
}

/// Settles something between the caller and somebody, without more to say; doing it again changes nothing.
pub(super) async fn settle<T, F>(
    state: &AppState,
    caller: &Caller,
    user: UserId,
    call: impl Fn(FriendsServiceClient<Intercepted>, String) -> F,
) -> Result<StatusCode, Problem>
where
    F: Future<Output = Result<Response<T>, Status>>,
{
    let attempt = || call(state.friends.friends(&caller.context), user.to_string());
    repeatable(&state.friends, attempt).await?;
    Ok(StatusCode::NO_CONTENT)
}
