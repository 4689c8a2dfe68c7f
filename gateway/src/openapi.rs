//! The description of the REST calls, OpenAPI 3.1, generated from the handlers. What holds for all calls (who may call, how
//! they fail, the request id) is added here once.

use std::sync::LazyLock;

use http::StatusCode;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self, Content, HeaderBuilder, RefOr, Response, ResponseBuilder,
        path::Operation,
        schema::{AnyOf, Components, Schema},
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
/// What an event carries follows from its `type`: the fields alone may fit several shapes.
const EVENT_BODIES: [&str; 2] = ["RoomEventBody", "UserEventBody"];

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
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(SCHEME, SecurityScheme::Http(scheme));
        loosen_event_bodies(components);
        for item in document.paths.paths.values_mut() {
            for operation in operations(item) {
                complete(operation);
            }
        }
    }
}

/// `oneOf` would refuse a body that fits two shapes.
fn loosen_event_bodies(components: &mut Components) {
    for name in EVENT_BODIES {
        if let Some(RefOr::T(schema)) = components.schemas.get_mut(name)
            && let Schema::OneOf(shapes) = schema
        {
            *schema = Schema::AnyOf(AnyOf {
                items: std::mem::take(&mut shapes.items),
                description: shapes.description.take(),
                ..AnyOf::default()
            });
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
    for (status, response) in responses {
        if let RefOr::T(response) = response {
            describe(status, response);
            let id = HeaderBuilder::new()
                .description(Some("The caller's own, if it sent a sane one."))
                .build();
            response
                .headers
                .insert("X-Request-Id".to_owned(), RefOr::T(id));
        }
    }
}

/// A response must have a description, be it only the name of its status.
fn describe(status: &str, response: &mut Response) {
    if response.description.is_empty() {
        let code = status.parse::<StatusCode>().ok();
        let name = code.and_then(|code| code.canonical_reason());
        name.unwrap_or(status).clone_into(&mut response.description);
    }
}

#[cfg(test)]
mod tests;
