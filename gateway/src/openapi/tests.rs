//! The description is complete, and says of every call what is true of all.

use serde_json::{Value, to_value};

use super::document;
use crate::router::ROUTES;

fn described() -> Value {
    to_value(document()).unwrap()
}

#[test]
fn the_clients_have_the_description_that_is_served() {
    let kept = include_str!("../../../clients/typescript/openapi.json");

    assert!(
        kept == super::text(),
        "the REST calls have changed: run `make api` and commit what it writes"
    );
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let document = described();
    let paths = document["paths"].as_object().unwrap();

    for route in ROUTES {
        assert!(
            paths[route.path][route.method].is_object(),
            "{} {} is not described",
            route.method,
            route.path
        );
    }
    let operations: usize = paths
        .values()
        .map(|item| {
            let methods = ["get", "post", "put", "patch", "delete"];
            methods
                .iter()
                .filter(|method| item[**method].is_object())
                .count()
        })
        .sum();
    assert_eq!(operations, ROUTES.len());
}

#[test]
fn calls_say_who_may_make_them_and_how_they_fail() {
    let document = described();

    for route in ROUTES {
        let operation = &document["paths"][route.path][route.method];
        let security = operation["security"].as_array().unwrap();
        assert_eq!(security.is_empty(), route.is_public, "{}", route.path);
        let problem = &operation["responses"]["default"]["content"]["application/problem+json"];
        assert_eq!(problem["schema"]["$ref"], "#/components/schemas/Problem");
        assert!(operation["summary"].is_string(), "{}", route.path);
        let parameters = operation["parameters"].as_array();
        let named = |name: &str| {
            parameters
                .into_iter()
                .flatten()
                .any(|parameter| parameter["in"] == "path" && parameter["name"] == name)
        };
        for part in route.path.split('/').filter(|part| part.starts_with('{')) {
            assert!(
                named(part.trim_matches(['{', '}'])),
                "{} lacks {part}",
                route.path
            );
        }
    }
}

#[test]
fn every_response_says_what_it_is() {
    let document = described();

    for route in ROUTES {
        let operation = &document["paths"][route.path][route.method];
        for (status, response) in operation["responses"].as_object().unwrap() {
            let description = response["description"].as_str().unwrap_or_default();
            assert!(
                !description.is_empty(),
                "{} {} {status}: the standard wants a description",
                route.method,
                route.path
            );
        }
    }
}

#[test]
fn an_event_s_body_may_fit_several_shapes() {
    let document = described();

    for name in ["RoomEventBody", "UserEventBody"] {
        let body = &document["components"]["schemas"][name];
        assert!(body["anyOf"].as_array().unwrap().len() > 1, "{name}");
        assert!(body["oneOf"].is_null(), "{name}");
    }
}

#[test]
fn every_call_has_a_name_of_its_own() {
    let document = described();
    let mut names: Vec<String> = ROUTES
        .iter()
        .map(|route| document["paths"][route.path][route.method]["operationId"].to_string())
        .collect();
    let count = names.len();

    names.sort_unstable();
    names.dedup();

    assert_eq!(names.len(), count, "client generators need them apart");
}

#[test]
fn every_reference_leads_to_a_component() {
    let document = described();
    let text = document.to_string();
    let components = &document["components"]["schemas"];

    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(components[name].is_object(), "{name} is missing");
    }
    assert_eq!(document["openapi"], "3.1.0");
}

#[test]
fn components_have_their_published_names() {
    let document = described();

    for name in [
        "ChatRoomCreate",
        "ChatRoomResponse",
        "MessageCreate",
        "MessageResponse",
        "FriendRequestCreate",
        "FriendRequestResponse",
        "FriendResponse",
        "Problem",
        "SessionResponse",
        "UserResponse",
        "MeResponse",
        "PrivacyResponse",
        "ParticipantResponse",
        "RoomEventResponse",
        "UserEventResponse",
        "SyncResponse",
    ] {
        assert!(
            document["components"]["schemas"][name].is_object(),
            "{name} is missing"
        );
    }
}

#[test]
fn fields_that_are_always_there_are_required() {
    let document = described();
    let cases = [
        ("ChatRoomResponse", "muted_until", true),
        ("MessageResponse", "reply_to", true),
        ("MessageResponse", "client_id", false),
        ("FriendResponse", "presence", true),
        ("Problem", "errors", false),
        ("MessageCreate", "client_id", true),
        ("MessageCreate", "reply_to", false),
    ];
    for (schema, field, expected) in cases {
        let required = document["components"]["schemas"][schema]["required"].as_array();
        let is_required = required.into_iter().flatten().any(|name| name == field);

        assert_eq!(is_required, expected, "{schema}.{field}");
    }
}
