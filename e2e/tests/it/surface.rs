//! What a newcomer asks first: is it alive, what can it do, how is it called.

use kith_e2e::{Node, Person};
use reqwest::Method;
use serde_json::Value;

/// Every call of the contract that is served today.
const CALLS: &[(&str, &[&str])] = &[
    ("/api/v1/auth/register", &["post"]),
    ("/api/v1/auth/login", &["post"]),
    ("/api/v1/auth/refresh", &["post"]),
    ("/api/v1/auth/logout", &["post"]),
    ("/api/v1/auth/password", &["post"]),
    ("/api/v1/auth/sessions", &["get"]),
    ("/api/v1/auth/sessions/{}", &["delete"]),
    ("/.well-known/jwks.json", &["get"]),
    ("/api/v1/users/me", &["get", "patch", "delete"]),
    ("/api/v1/users/me/privacy", &["get", "patch"]),
    ("/api/v1/users/{}", &["get"]),
    ("/api/v1/friends/", &["get"]),
    ("/api/v1/friends/requests", &["get", "post"]),
    ("/api/v1/friends/requests/{}", &["put"]),
    ("/api/v1/friends/{}", &["delete"]),
    ("/api/v1/friends/block/{}", &["post", "delete"]),
    ("/api/v1/friends/blocked", &["get"]),
    ("/api/v1/chat/rooms/", &["get", "post"]),
    ("/api/v1/chat/rooms/{}", &["get", "patch"]),
    ("/api/v1/chat/rooms/{}/me", &["patch"]),
    ("/api/v1/chat/rooms/{}/participants", &["get", "post"]),
    (
        "/api/v1/chat/rooms/{}/participants/{}",
        &["patch", "delete"],
    ),
    ("/api/v1/chat/messages/{}", &["get", "post"]),
    ("/api/v1/chat/messages/{}/read", &["post"]),
    ("/api/v1/chat/messages/{}/receipts", &["get"]),
    ("/api/v1/chat/rooms/{}/events", &["get"]),
    ("/api/v1/chat/sync", &["post"]),
    ("/api/v1/meta", &["get"]),
];

/// What is answered on the internal port alone.
const INSIDE: &[&str] = &[
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    "/grpc.health.v1.Health/Check",
    "/kith.chat.v1.ChatService/GetUserChatRooms",
    "/kith.chat.v1.FeedService/Consume",
];

/// A path with its parameters' names left out, and without a trailing slash.
fn shape(path: &str) -> String {
    let parts = path.trim_end_matches('/').split('/');
    let parts: Vec<_> = parts
        .map(|part| if part.starts_with('{') { "{}" } else { part })
        .collect();
    parts.join("/")
}

async fn json(node: &Node, path: &str) -> Value {
    let answer = node.api().request(Method::GET, path).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.json().await.unwrap()
}

#[tokio::test]
async fn the_documents_describe_every_call() {
    let node = Node::start().await;

    let openapi = json(&node, "/api/openapi.json").await;
    let asyncapi = json(&node, "/api/asyncapi.json").await;

    assert!(openapi["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(asyncapi["asyncapi"].is_string());
    let paths = openapi["paths"].as_object().unwrap();
    for (call, methods) in CALLS {
        let found = paths.iter().find(|(path, _)| shape(path) == shape(call));
        let (_, operations) = found.unwrap_or_else(|| panic!("{call} is not described"));
        for method in *methods {
            let operation = &operations[method];
            assert!(
                operation["responses"].is_object(),
                "{method} {call} is not described"
            );
        }
    }
    let schemas = openapi["components"]["schemas"].as_object().unwrap();
    for name in [
        "ChatRoomCreate",
        "ChatRoomResponse",
        "MessageCreate",
        "MessageResponse",
        "FriendRequestCreate",
        "FriendRequestResponse",
        "FriendResponse",
    ] {
        assert!(schemas.contains_key(name), "{name}");
    }
    let text = asyncapi["components"]["messages"]
        .to_string()
        .to_lowercase();
    for frame in [
        "hello", "ready", "event", "user", "receipt", "heads", "resumed", "behind", "drain",
        "send", "fetch", "reauth",
    ] {
        assert!(text.contains(frame), "{frame}");
    }
}

#[tokio::test]
async fn a_node_says_that_it_lives_and_keeps_its_inside_inside() {
    let node = Node::start().await;
    let ann = Person::sign_up(&node, "ann").await;

    for path in ["/healthz", "/readyz"] {
        assert_eq!(
            node.api()
                .request(Method::GET, path)
                .send()
                .await
                .unwrap()
                .status(),
            200,
            "{path}"
        );
    }
    assert!(json(&node, "/api/v1/meta").await.is_object());
    let keys = json(&node, "/.well-known/jwks.json").await;
    assert_eq!(
        (&keys["keys"][0]["kty"], &keys["keys"][0]["crv"]),
        (&"OKP".into(), &"Ed25519".into())
    );
    assert!(
        keys["keys"][0]["kid"].is_string() && keys["keys"][0].get("d").is_none(),
        "public parts only"
    );
    for path in [
        "/metrics",
        "/api/metrics",
        "/debug/pprof",
        "/api/v2/users/me",
        "/api/v1/admin",
    ] {
        let answer = ann.api.request(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
    for path in INSIDE {
        let call = ann.api.request(Method::POST, path);
        let call = call
            .header("content-type", "application/grpc")
            .body(vec![0; 5]);
        assert_eq!(call.send().await.unwrap().status(), 404, "{path}");
    }
    // A preflight of what is not there is answered as everything else there.
    for (path, status) in [
        ("/api/v1/users/me", 200),
        ("/api/v1/nothing", 404),
        ("/api/nothing", 404),
    ] {
        let answer = ann.api.request(Method::OPTIONS, path).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
}
