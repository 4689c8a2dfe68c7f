//! Calls as clients make them: statuses, headers, shapes, and what the services were asked.

use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use kith_api::{accounts::v1 as accounts, chat::v1 as chat, friends::v1 as friends};
use kith_auth::Caller;
use kith_error::{Failure, Reason};
use serde_json::{Value, json};

use super::ROUTES;
use crate::testing::{ANN, BOB, Bed, FEED_KEY, SERVICE_KEY, SESSION, limits};

mod bad_input;
mod chatting;
mod finding;
mod friend_list;
mod signing_in;

/// A path of the table with ids in it.
fn filled(path: &str) -> String {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    path.split('/')
        .map(|part| if part.starts_with('{') { BOB } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

fn method(name: &str) -> Method {
    name.to_uppercase().parse().unwrap()
}

#[tokio::test]
async fn every_route_that_is_not_public_asks_who_calls() {
    let bed = Bed::new().await;

    for route in ROUTES.iter().filter(|route| !route.is_public) {
        let mut request = bed.request(method(route.method), &filled(route.path), Body::empty());
        request.headers_mut().remove("authorization");

        let answer = bed.send(request).await;

        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", route.path);
        assert_eq!(answer.code(), "unauthenticated");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
}

#[tokio::test]
async fn a_trailing_slash_changes_nothing() {
    let bed = Bed::new().await;
    bed.services.answer(
        "chat.v1.ChatService/GetUserChatRooms",
        &chat::GetUserChatRoomsResponse::default(),
    );

    for path in ["/chat/rooms", "/chat/rooms/", "/chat/rooms/?limit=5"] {
        let answer = bed.call(Method::GET, path).await;

        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.body, json!({"items": [], "next_cursor": null}));
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id_and_keeps_a_sane_one() {
    let bed = Bed::new().await;
    let long = "a".repeat(129);
    let cases = [
        ("own-id_1.2", true),
        ("", false),
        ("a b", false),
        (long.as_str(), false),
    ];
    for (id, is_sane) in cases {
        let mut request = bed.request(Method::GET, "/nothing", Body::empty());
        request
            .headers_mut()
            .insert("x-request-id", id.parse().unwrap());

        let answer = bed.send(request).await;

        let given = answer.headers["x-request-id"].to_str().unwrap();
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.body["request_id"], given);
        assert_eq!(given == id, is_sane, "{id:?}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let bed = Bed::new().await;

    for name in ["PUT", "TRACE"] {
        let answer = bed.call(method(name), "/chat/rooms/").await;

        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.code(), "method_not_allowed");
        assert_eq!(answer.headers["allow"], "GET,HEAD,POST");
    }
}

#[tokio::test]
async fn failures_of_services_become_problems() {
    let bed = Bed::new().await;
    let cases = [
        (Failure::new(Reason::NotFound, "x"), 404, "not_found", None),
        (
            Failure::new(Reason::NotAllowedByPrivacy, "x"),
            403,
            "not_allowed_by_privacy",
            None,
        ),
        (
            Failure::new(Reason::LastOwner, "x"),
            409,
            "last_owner",
            None,
        ),
        (
            Failure::unavailable(std::time::Duration::from_millis(1500)),
            503,
            "unavailable",
            Some("2"),
        ),
        (
            Failure::new(Reason::RateLimited, "x"),
            429,
            "rate_limited",
            Some("1"),
        ),
        (Failure::new(Reason::Timeout, "x"), 504, "timeout", None),
        (Failure::internal(), 500, "internal", None),
    ];
    for (failure, status, code, retry_after) in cases {
        bed.services
            .fail("chat.v1.ChatService/GetChatRoom", failure.clone());

        let answer = bed.call(Method::GET, &format!("/chat/rooms/{BOB}")).await;

        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.code(), code);
        assert_eq!(answer.body["retryable"], failure.is_retryable());
        let header = answer.headers.get("retry-after");
        assert_eq!(header.map(|value| value.to_str().unwrap()), retry_after);
    }
}

#[tokio::test]
async fn fields_are_named_as_the_client_wrote_them() {
    let bed = Bed::new().await;
    bed.services.fail(
        "chat.v1.ChatService/SendMessage",
        Failure::invalid_field("reply_to_id", "invalid", "x"),
    );

    let body = json!({"client_id": "c", "text": "x", "reply_to": BOB});
    let answer = bed
        .call_with(Method::POST, &format!("/chat/messages/{BOB}"), &body)
        .await;

    assert_eq!(answer.fields(), ["reply_to"]);
}

#[tokio::test]
async fn only_calls_that_may_be_repeated_are_repeated() {
    let bed = Bed::new().await;
    let away = || Failure::unavailable(std::time::Duration::from_secs(1));
    bed.services.fail("chat.v1.ChatService/GetChatRoom", away());
    bed.services
        .fail("friends.v1.FriendsService/SendFriendRequest", away());

    bed.call(Method::GET, &format!("/chat/rooms/{BOB}")).await;
    bed.call_with(Method::POST, "/friends/requests", &json!({"user_id": BOB}))
        .await;

    assert_eq!(bed.services.count("chat.v1.ChatService/GetChatRoom"), 2);
    assert_eq!(
        bed.services
            .count("friends.v1.FriendsService/SendFriendRequest"),
        1
    );
}

#[tokio::test]
async fn listed_origins_and_no_others_may_call_from_pages() {
    let bed = Bed::new().await;
    let cases = [
        ("https://app.example.org", true),
        ("https://evil.example", false),
        ("null", false),
    ];
    for (origin, is_listed) in cases {
        let mut request = bed.request(Method::OPTIONS, "/users/me", Body::empty());
        let headers = request.headers_mut();
        headers.insert("origin", origin.parse().unwrap());
        headers.insert("access-control-request-method", "PATCH".parse().unwrap());

        let answer = bed.send(request).await;

        let granted: Vec<_> = answer
            .headers
            .keys()
            .filter(|name| name.as_str().starts_with("access-control"))
            .collect();
        assert_eq!(!granted.is_empty(), is_listed, "{origin}: {granted:?}");
        assert!(!answer.status.is_server_error());
    }
}

#[tokio::test]
async fn limits_refuse_with_a_time_and_bind_no_service() {
    let bed = Bed::with(crate::Config::for_test(), &limits(true, 2)).await;
    bed.services.answer(
        "friends.v1.FriendsService/GetUser",
        &friends::GetUserResponse {
            user: Some(friends::User::default()),
        },
    );

    for expected in [200, 200, 429] {
        let answer = bed.call(Method::GET, "/users/me").await;

        assert_eq!(answer.status.as_u16(), expected);
        assert_eq!(answer.headers.contains_key("retry-after"), expected == 429);
    }
    for _ in 0..5 {
        // Believed from its first verification on; until then it is a client like any other.
        bed.state
            .identity
            .verify_service_key(SERVICE_KEY)
            .await
            .unwrap();
        let answer = bed.send(for_service("/api/v1/users/me", Some(ANN))).await;

        assert_eq!(answer.status, StatusCode::OK);
    }
}

fn for_service(path: &str, user: Option<&str>) -> Request<Body> {
    with_key(SERVICE_KEY, path, user)
}

fn with_key(key: &str, path: &str, user: Option<&str>) -> Request<Body> {
    let mut request = Request::builder()
        .uri(path)
        .header("authorization", format!("Bearer {key}"));
    if let Some(user) = user {
        request = request.header("kith-on-behalf-of", user);
    }
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_service_acts_for_the_user_it_names() {
    let bed = Bed::new().await;
    bed.services.answer(
        "friends.v1.FriendsService/GetUser",
        &friends::GetUserResponse {
            user: Some(friends::User::default()),
        },
    );

    let named = bed.send(for_service("/api/v1/users/me", Some(BOB))).await;
    let unnamed = bed.send(for_service("/api/v1/users/me", None)).await;

    assert_eq!(named.status, StatusCode::OK);
    let calls = bed
        .services
        .calls::<friends::GetUserRequest>("friends.v1.FriendsService/GetUser");
    let expected = Caller::Service {
        name: "trainer".to_owned(),
        on_behalf_of: Some(BOB.parse().unwrap()),
    };
    assert_eq!(calls[0].0, Some(expected));
    assert_eq!(unnamed.fields(), ["Kith-On-Behalf-Of"]);
}

#[tokio::test]
async fn a_service_key_without_the_scope_does_not_open_the_rest_calls() {
    let bed = Bed::new().await;

    let refused = bed
        .send(with_key(FEED_KEY, "/api/v1/users/me", Some(BOB)))
        .await;

    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.code(), "forbidden");
}

#[tokio::test]
async fn a_node_is_ready_while_its_services_answer_and_it_is_not_leaving() {
    let bed = Bed::new().await;
    let ready = || async {
        // Longer than an answer is remembered.
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
        bed.send(
            Request::builder()
                .uri("/readyz")
                .body(Body::empty())
                .unwrap(),
        )
        .await
        .status
        .as_u16()
    };

    assert_eq!(ready().await, 503, "nothing answers");
    bed.services.answer(
        "accounts.v1.AccountsService/GetUsers",
        &accounts::GetUsersResponse::default(),
    );
    bed.services.answer(
        "chat.v1.DeliveryService/GetHeads",
        &chat::GetHeadsResponse::default(),
    );
    assert_eq!(ready().await, 200);
    bed.state.draining.signal();
    assert_eq!(ready().await, 503, "it is leaving");
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}
