//! The description of the REST calls, OpenAPI 3.1, generated from the handlers. What holds for all calls (who may call, how
//! they fail, the request id) is added here once.

use std::sync::LazyLock;

use utoipa::{
    Modify, OpenApi,
    openapi::{
        self, Content, HeaderBuilder, RefOr, ResponseBuilder,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::{
    error,
    rest::{
        accounts, contacts, friend_requests, friends, health, messages, meta, participants, rooms,
        sessions, suggestions, sync, users,
    },
};

const SCHEME: &str = "access_token";

static DOCUMENT: LazyLock<openapi::OpenApi> = LazyLock::new(Description::openapi);

/// The handlers and what all of them share.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Kith",
        description = "Accounts, friends and chat. The socket at `/api/v1/ws` is described by `/api/asyncapi.json`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        accounts::register, accounts::login, accounts::refresh, accounts::logout,
        accounts::change_password, sessions::list_sessions, sessions::revoke_session,
        users::get_me, users::update_me, users::delete_me, users::get_privacy,
        users::update_privacy, users::search_users, users::get_user,
        suggestions::list_suggestions, suggestions::dismiss_suggestion,
        friends::list_friends, friends::list_blocked, friends::block_user, friends::unblock_user,
        friends::remove_friend, contacts::get_salt, contacts::register, contacts::remove,
        contacts::find, contacts::remove_awaited, friend_requests::list_requests, friend_requests::send_request,
        friend_requests::respond_to_request,
        rooms::list_rooms, rooms::create_room, rooms::get_room, rooms::update_room,
        rooms::update_settings, rooms::list_events, participants::list_participants,
        participants::add_participants, participants::update_participant,
        participants::remove_participant, messages::list_messages, messages::send_message,
        messages::mark_as_read, messages::list_receipts, sync::sync,
        meta::meta, meta::openapi, meta::asyncapi, meta::key_set, health::alive, health::ready,
    ),
    components(schemas(error::Document)),
    modifiers(&ForAllCalls),
)]
struct Description;

struct ForAllCalls;

/// The document.
pub(crate) fn document() -> &'static openapi::OpenApi {
    &DOCUMENT
}

/// The document as the clients keep it.
pub(crate) fn text() -> String {
    // Our types have text keys and no failing parts.
    let mut text = serde_json::to_string_pretty(document()).unwrap_or_default();
    text.push('\n');
    text
}

impl Modify for ForAllCalls {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some(
                "An access token, or a service key with `Kith-On-Behalf-Of: <user id>`.",
            ))
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme(SCHEME, SecurityScheme::Http(scheme));
        for item in document.paths.paths.values_mut() {
            for operation in operations(item) {
                complete(operation);
            }
        }
    }
}

fn operations(item: &mut openapi::PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.post,
        &mut item.put,
        &mut item.patch,
        &mut item.delete,
    ]
    .into_iter()
    .flatten()
}

/// Every call may fail with a problem document, answers with the request's id, and is for callers unless it is public.
fn complete(operation: &mut Operation) {
    let is_public = operation
        .tags
        .iter()
        .flatten()
        .any(|tag| tag == "node" || tag == "entrance");
    operation.security = Some(if is_public {
        Vec::new()
    } else {
        vec![SecurityRequirement::new(SCHEME, [] as [&str; 0])]
    });
    let problem = ResponseBuilder::new()
        .description("A problem document; `code` says which problem.")
        .content(
            "application/problem+json",
            Content::new(Some(openapi::Ref::from_schema_name("Problem"))),
        )
        .build();
    let responses = &mut operation.responses.responses;
    responses.insert("default".to_owned(), RefOr::T(problem));
    for response in responses.values_mut() {
        if let RefOr::T(response) = response {
            let id = HeaderBuilder::new()
                .description(Some("The caller's own, if it sent a sane one."))
                .build();
            response
                .headers
                .insert("X-Request-Id".to_owned(), RefOr::T(id));
        }
    }
}

#[cfg(test)]
mod tests;
