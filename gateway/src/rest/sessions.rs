//! The caller's sessions: list, and end one.

use axum::{Json, extract::State};
use http::StatusCode;
use kith_api::accounts::v1::{ListSessionsRequest, RevokeSessionRequest};
use kith_ids::SessionId;

use super::friends::PageQuery;
use crate::{
    error::Problem,
    extract::{Caller, Id, Nothing, Query},
    state::AppState,
    upstream::repeatable,
    wire::{List, SessionInfo},
};

/// The caller's sessions, newest first.
#[utoipa::path(
    get, path = "/api/v1/auth/sessions", tag = "accounts",
    params(("limit" = Option<u32>, Query, minimum = 1), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<SessionInfo>)),
)]
pub(crate) async fn list_sessions(
    State(state): State<AppState>,
    caller: Caller,
    Query(PageQuery(page)): Query<PageQuery>,
) -> Result<Json<List<SessionInfo>>, Problem> {
    let context = &caller.context;
    let call = || async {
        let page = Some(page.clone());
        let mut accounts = state.accounts.accounts(context);
        accounts.list_sessions(ListSessionsRequest { page }).await
    };
    let answer = repeatable(&state.accounts, call).await?;
    Ok(Json(List::page(answer.sessions, answer.page)))
}

/// Ends one of the caller's sessions; its sockets close.
#[utoipa::path(
    delete, path = "/api/v1/auth/sessions/{id}", tag = "accounts",
    params(("id" = String, Path, format = Uuid)),
    responses((status = 204, description = "The session has ended.")),
)]
pub(crate) async fn revoke_session(
    State(state): State<AppState>,
    caller: Caller,
    Id(session): Id<SessionId>,
    _: Nothing,
) -> Result<StatusCode, Problem> {
    let context = &caller.context;
    let call = || async {
        let session_id = session.to_string();
        let mut accounts = state.accounts.accounts(context);
        accounts
            .revoke_session(RevokeSessionRequest { session_id })
            .await
    };
    repeatable(&state.accounts, call).await?;
    state.identity.revoke_locally(caller.user_id, &[session]);
    Ok(StatusCode::NO_CONTENT)
}
