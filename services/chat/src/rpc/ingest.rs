//! What the sibling services tell chat, and ask it.

use kith_api::chat::v1::{
    AppendUserEventsRequest, AppendUserEventsResponse, ApplyPairsRequest, ApplyPairsResponse,
    ApplyReadReceiptsRequest, ApplyReadReceiptsResponse, ApplyUsersRequest, ApplyUsersResponse,
    Companion, GetCompanionsRequest, GetCompanionsResponse, SourcedUserEvent,
};
use tonic::Request;

use super::convert::{id, require_node, seq};
use crate::{
    Error,
    app::{App, append_user_events, apply_pairs, apply_read_receipts, apply_users, get_companions},
    store::user_log::NewUserEvent,
    wire,
};

/// Items of one call.
const MAX_ITEMS: usize = 500;
/// Who may speak here; `chat` is our own.
const SOURCES: [&str; 2] = ["accounts", "friends"];

pub(super) async fn append_user_events(
    app: &App,
    request: Request<AppendUserEventsRequest>,
) -> Result<AppendUserEventsResponse, Error> {
    require_node(&request)?;
    let request = request.into_inner();
    if !SOURCES.contains(&request.source.as_str()) {
        return Err(Error::invalid_field(
            "source",
            "invalid",
            "accounts or friends",
        ));
    }
    let events = all("events", request.events, |field, event| {
        user_event(field, event)
    })?;
    append_user_events::append_user_events(app, &request.source, &events).await?;
    Ok(AppendUserEventsResponse {})
}

fn user_event(field: &str, event: SourcedUserEvent) -> Result<NewUserEvent, Error> {
    let user = id(&format!("{field}.user_id"), &event.user_id)?;
    if event.source_event_id.is_empty() || event.source_event_id.contains('\0') {
        let field = format!("{field}.source_event_id");
        return Err(Error::invalid_field(
            field,
            "required",
            "what makes it unique",
        ));
    }
    let body = event.body.and_then(|body| body.body).ok_or_else(|| {
        Error::invalid_field(format!("{field}.body"), "required", "what happened")
    })?;
    if wire::user_event::is_chats_own(&body) {
        let field = format!("{field}.body");
        return Err(Error::invalid_field(
            field,
            "invalid",
            "chat itself says this",
        ));
    }
    Ok(wire::user_event::entry(user, body, event.source_event_id))
}

pub(super) async fn apply_pairs(
    app: &App,
    request: Request<ApplyPairsRequest>,
) -> Result<ApplyPairsResponse, Error> {
    require_node(&request)?;
    let pairs = all("pairs", request.into_inner().pairs, |field, pair| {
        wire::pair::pair(&pair)
            .ok_or_else(|| Error::invalid_field(field, "invalid", "two people in order"))
    })?;
    apply_pairs::apply_pairs(app, &pairs).await?;
    Ok(ApplyPairsResponse {})
}

pub(super) async fn apply_users(
    app: &App,
    request: Request<ApplyUsersRequest>,
) -> Result<ApplyUsersResponse, Error> {
    require_node(&request)?;
    let users = all("users", request.into_inner().users, |field, user| {
        wire::user::row(&user).ok_or_else(|| {
            Error::invalid_field(format!("{field}.user_id"), "invalid", "this is no id")
        })
    })?;
    apply_users::apply_users(app, &users).await?;
    Ok(ApplyUsersResponse {})
}

pub(super) async fn apply_read_receipts(
    app: &App,
    request: Request<ApplyReadReceiptsRequest>,
) -> Result<ApplyReadReceiptsResponse, Error> {
    require_node(&request)?;
    let request = request.get_ref();
    let user = id("user_id", &request.user_id)?;
    let version = seq(request.version);
    apply_read_receipts::apply_read_receipts(app, user, request.shown, version).await?;
    Ok(ApplyReadReceiptsResponse {})
}

pub(super) async fn get_companions(
    app: &App,
    request: Request<GetCompanionsRequest>,
) -> Result<GetCompanionsResponse, Error> {
    require_node(&request)?;
    let user = id("user_id", &request.get_ref().user_id)?;
    let companions = get_companions::get_companions(app, user).await?;
    Ok(GetCompanionsResponse {
        companions: companions
            .into_iter()
            .map(|companion| Companion {
                user_id: companion.user_id.into(),
                groups: u32::try_from(companion.groups).unwrap_or(u32::MAX),
            })
            .collect(),
    })
}

/// Reads a list of bounded length, each item under the name `field[place]`.
fn all<T, U>(
    field: &str,
    items: Vec<T>,
    read: impl Fn(&str, T) -> Result<U, Error>,
) -> Result<Vec<U>, Error> {
    if items.len() > MAX_ITEMS {
        return Err(Error::invalid_field(field, "too_long", "at most 500 items"));
    }
    items
        .into_iter()
        .enumerate()
        .map(|(place, item)| read(&format!("{field}[{place}]"), item))
        .collect()
}
