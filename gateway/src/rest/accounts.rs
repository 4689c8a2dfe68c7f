//! Accounts: register, log in, refresh, log out, change the password. The tokens of a new session go out here, as a body or as a cookie.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, StatusCode};
use kith_api::{
    accounts::v1::{
        ChangePasswordRequest, EndedSession, IssuedSession, LoginRequest, LogoutRequest,
        RefreshSessionRequest, RegisterRequest,
    },
    friends::v1::GetUserRequest,
};
use kith_error::{Failure, Reason};
use kith_ids::SessionId;
use utoipa::ToSchema;

use super::{cookie, filled};
use crate::{
    edge::origin_allowed,
    error::Problem,
    extract::{Caller, Entrance, Json, Nothing},
    read::{Fields, Read},
    state::{AppState, Gateway},
    upstream::{once, repeatable},
    wire::{Me, Session},
};

/// Longer than any name or token; what is none of ours, accounts says.
const INPUT: usize = 4_096;

/// Makes an account.
#[derive(ToSchema)]
#[schema(as = RegisterRequest)]
pub(crate) struct Register {
    /// `a-z 0-9 _ .`; folded to lower case.
    #[schema(min_length = 3, max_length = 32)]
    username: String,
    #[schema(min_length = 8, max_length = 128, format = Password)]
    password: String,
    #[schema(min_length = 1, max_length = 64)]
    display_name: Option<String>,
    #[schema(max_length = 64)]
    device_name: Option<String>,
    /// Gives the refresh token as a cookie only.
    cookie: Option<bool>,
}

/// Starts a session.
#[derive(ToSchema)]
#[schema(as = LoginRequest)]
pub(crate) struct Login {
    username: String,
    #[schema(format = Password)]
    password: String,
    #[schema(max_length = 64)]
    device_name: Option<String>,
    /// Gives the refresh token as a cookie only.
    cookie: Option<bool>,
}

/// Trades a refresh token for the next pair.
#[derive(ToSchema)]
#[schema(as = RefreshRequest)]
pub(crate) struct Refresh {
    /// Absent: that of the cookie.
    refresh_token: Option<String>,
    /// Printable ASCII; makes a repeat within 60 s safe.
    #[schema(min_length = 1, max_length = 64)]
    attempt_id: Option<String>,
}

/// Sets a new password.
#[derive(ToSchema)]
#[schema(as = PasswordChange)]
pub(crate) struct ChangePassword {
    #[schema(format = Password)]
    current_password: String,
    #[schema(min_length = 8, max_length = 128, format = Password)]
    new_password: String,
}

impl Read for Register {
    fn read(fields: &mut Fields) -> Self {
        Self {
            username: fields.ruled("username", kith_text::new_username),
            password: fields.ruled("password", kith_text::new_password),
            display_name: fields.optional_ruled("display_name", kith_text::display_name),
            device_name: fields.optional_ruled("device_name", kith_text::device_name),
            cookie: fields.optional_bool("cookie"),
        }
    }
}

impl Read for Login {
    fn read(fields: &mut Fields) -> Self {
        Self {
            username: fields.text("username", 0..=INPUT),
            password: fields.ruled("password", kith_text::given_password),
            device_name: fields.optional_ruled("device_name", kith_text::device_name),
            cookie: fields.optional_bool("cookie"),
        }
    }
}

impl Read for Refresh {
    fn read(fields: &mut Fields) -> Self {
        Self {
            refresh_token: fields.optional_text("refresh_token", 0..=INPUT),
            attempt_id: fields.optional_ruled("attempt_id", kith_text::attempt_id),
        }
    }
}

impl Read for ChangePassword {
    fn read(fields: &mut Fields) -> Self {
        Self {
            current_password: fields.ruled("current_password", kith_text::given_password),
            new_password: fields.ruled("new_password", kith_text::new_password),
        }
    }
}

/// Makes an account and logs it in.
#[utoipa::path(
    post, path = "/api/v1/auth/register", tag = "entrance", request_body = Register,
    responses((status = 201, body = Session)),
)]
pub(crate) async fn register(
    State(state): State<AppState>,
    entrance: Entrance,
    Json(body): Json<Register>,
) -> Result<Response, Problem> {
    let as_cookie = body.cookie.unwrap_or(false);
    let call = RegisterRequest {
        username: body.username,
        password: body.password,
        display_name: body.display_name,
        device_name: body.device_name,
    };
    let answer = once(state.accounts.accounts(&node()).register(call)).await?;
    let issued = filled(answer.session)?;
    Ok(hand_out(
        &state,
        issued,
        StatusCode::CREATED,
        as_cookie.then_some(entrance),
    )
    .await)
}

/// Starts a session.
#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "entrance", request_body = Login,
    responses((status = 200, body = Session)),
)]
pub(crate) async fn login(
    State(state): State<AppState>,
    entrance: Entrance,
    Json(body): Json<Login>,
) -> Result<Response, Problem> {
    let as_cookie = body.cookie.unwrap_or(false);
    let call = LoginRequest {
        username: body.username,
        password: body.password,
        device_name: body.device_name,
    };
    let answer = once(state.accounts.accounts(&node()).login(call)).await?;
    let issued = filled(answer.session)?;
    Ok(hand_out(
        &state,
        issued,
        StatusCode::OK,
        as_cookie.then_some(entrance),
    )
    .await)
}

/// Trades a refresh token, of the body or the cookie, for the next pair. A used one ends its session.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", tag = "entrance", request_body = Refresh,
    responses((status = 200, body = Session)),
)]
pub(crate) async fn refresh(
    State(state): State<AppState>,
    entrance: Entrance,
    headers: HeaderMap,
    Json(body): Json<Refresh>,
) -> Result<Response, Problem> {
    let (refresh_token, as_cookie) = match body.refresh_token {
        Some(token) => (token, false),
        None => (token_of_cookie(&state, &headers)?, true),
    };
    let call = RefreshSessionRequest {
        refresh_token,
        attempt_id: body.attempt_id,
    };
    let answer = once(state.accounts.accounts(&node()).refresh_session(call)).await?;
    if let Some(reused) = answer.reused {
        return Err(end_reused(&state, &reused).into());
    }
    let issued = filled(answer.session)?;
    Ok(hand_out(
        &state,
        issued,
        StatusCode::OK,
        as_cookie.then_some(entrance),
    )
    .await)
}

/// Ends the caller's session: its access token is refused here at once.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "accounts",
    responses((status = 204, description = "The session has ended.")),
)]
pub(crate) async fn logout(
    State(state): State<AppState>,
    caller: Caller,
    _: Nothing,
) -> Result<Response, Problem> {
    let context = &caller.context;
    repeatable(&state.accounts, || async {
        state
            .accounts
            .accounts(context)
            .logout(LogoutRequest {})
            .await
    })
    .await?;
    state
        .identity
        .revoke_locally(caller.user_id, caller.session().as_slice());
    Ok((StatusCode::NO_CONTENT, cookie::cleared(), ()).into_response())
}

/// Sets a new password and ends the caller's other sessions.
#[utoipa::path(
    post, path = "/api/v1/auth/password", tag = "accounts", request_body = ChangePassword,
    responses((status = 204, description = "The new password holds.")),
)]
pub(crate) async fn change_password(
    State(state): State<AppState>,
    caller: Caller,
    Json(body): Json<ChangePassword>,
) -> Result<StatusCode, Problem> {
    let call = ChangePasswordRequest {
        current_password: body.current_password,
        new_password: body.new_password,
    };
    let answer = once(
        state
            .accounts
            .accounts(&caller.context)
            .change_password(call),
    )
    .await?;
    end_here(&state, &caller, &answer.ended_session_ids);
    Ok(StatusCode::NO_CONTENT)
}

/// What accounts has just ended is over on this node before the answer.
pub(super) fn end_here(state: &Gateway, caller: &Caller, sessions: &[String]) {
    let sessions: Vec<SessionId> = sessions.iter().filter_map(|id| id.parse().ok()).collect();
    state.identity.revoke_locally(caller.user_id, &sessions);
}

/// A used refresh token ended its session, which is over on this node before the answer.
fn end_reused(state: &Gateway, reused: &EndedSession) -> Failure {
    if let (Ok(user), Ok(session)) = (reused.user_id.parse(), reused.session_id.parse()) {
        state.identity.revoke_locally(user, &[session]);
    }
    Failure::new(
        Reason::Unauthenticated,
        "the refresh token was used before, so its session has ended; log in again",
    )
}

/// The answer of a call that made tokens; with a `cookie` entrance the refresh token goes there only.
async fn hand_out(
    state: &Gateway,
    issued: IssuedSession,
    status: StatusCode,
    cookie: Option<Entrance>,
) -> Response {
    let user = me(state, &issued).await;
    let set_cookie = cookie.map(|entrance| {
        cookie::holding(
            &issued.refresh_token,
            issued.refresh_expires_in_seconds,
            entrance.https || state.config.secure_cookies,
        )
    });
    let session = Session {
        user,
        session_id: issued.session_id,
        access_token: issued.access_token,
        token_type: "Bearer",
        expires_in: issued.expires_in_seconds,
        refresh_token: set_cookie.is_none().then_some(issued.refresh_token),
    };
    (status, set_cookie, axum::Json(session)).into_response()
}

/// The account with its counts. The session exists by now, so a failure of friends must not lose its tokens.
async fn me(state: &Gateway, issued: &IssuedSession) -> Me {
    let account = issued.user.clone().unwrap_or_default();
    let (Ok(user_id), Ok(session_id)) = (account.user_id.parse(), issued.session_id.parse()) else {
        return account.into();
    };
    let caller = kith_auth::Caller::User {
        user_id,
        session_id,
    };
    let call = GetUserRequest {
        user_id: account.user_id.clone(),
    };
    match once(state.friends.friends(&caller).get_user(call)).await {
        Ok(answer) => answer.user.map_or_else(|| account.into(), Me::from),
        Err(_) => account.into(),
    }
}

/// Only a page that may use the API may spend the cookie: browsers attach it to whatever page asks.
fn token_of_cookie(state: &Gateway, headers: &HeaderMap) -> Result<String, Failure> {
    if !origin_allowed(state, headers) {
        let message = "the refresh cookie cannot be used from this origin";
        return Err(Failure::new(Reason::Forbidden, message));
    }
    cookie::token(headers).ok_or_else(|| {
        Failure::new(
            Reason::Unauthenticated,
            "neither the body nor a cookie holds a refresh token",
        )
    })
}

fn node() -> kith_auth::Caller {
    kith_auth::Caller::node("gateway")
}
