//! People whom the caller may know.

use axum::{Json, extract::State};
use http::StatusCode;
use kith_api::friends::v1::{DismissFriendSuggestionRequest, GetFriendSuggestionsRequest};
use kith_ids::UserId;

use super::friends::{PageQuery, settle};
use crate::{
    error::Problem,
    extract::{Caller, Id, Nothing, Query},
    state::AppState,
    upstream::repeatable,
    wire::{List, Suggestion},
};

/// People whom the caller may know, best first.
#[utoipa::path(
    get, path = "/api/v1/friends/suggestions", tag = "friends",
    params(("limit" = Option<u32>, Query, minimum = 1), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<Suggestion>)),
)]
pub(crate) async fn list_suggestions(
    State(state): State<AppState>,
    caller: Caller,
    Query(PageQuery(page)): Query<PageQuery>,
) -> Result<Json<List<Suggestion>>, Problem> {
    let call = GetFriendSuggestionsRequest { page: Some(page) };
    let answer = repeatable(&state.friends, || async {
        let mut friends = state.friends.friends(&caller.context);
        friends.get_friend_suggestions(call.clone()).await
    })
    .await?;
    Ok(Json(List::page(answer.suggestions, answer.page)))
}

/// Never suggests that person again.
#[utoipa::path(
    delete, path = "/api/v1/friends/suggestions/{user_id}", tag = "friends",
    params(("user_id" = String, Path, format = Uuid)),
    responses((status = 204, description = "They are not suggested again.")),
)]
pub(crate) async fn dismiss_suggestion(
    State(state): State<AppState>,
    caller: Caller,
    Id(user): Id<UserId>,
    _: Nothing,
) -> Result<StatusCode, Problem> {
    settle(&state, &caller, user, |mut friends, user_id| async move {
        let call = DismissFriendSuggestionRequest { user_id };
        friends.dismiss_friend_suggestion(call).await
    })
    .await
}
