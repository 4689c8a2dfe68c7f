//! Bodies, ids and queries that no honest client sends: refused at the edge, before any service is asked.

use super::*;

/// A call with a body, the code that refuses it, and the fields that are named.
type Case = (&'static str, Value, &'static str, &'static [&'static str]);

/// Headers and a body, and the status and code that refuse them.
type Refused<'a> = (&'a [(&'static str, &'static str)], &'a str, u16, &'a str);

const INVALID: &str = "invalid_field";
const UNKNOWN: &str = "unknown_field";

fn sign_in_cases() -> Vec<Case> {
    let register = "POST /auth/register";
    vec![
        (register, json!({}), INVALID, &["username", "password"]),
        (
            register,
            json!({"username": "a", "password": 1, "cookie": 1}),
            INVALID,
            &["username", "password", "cookie"],
        ),
        (
            register,
            json!({"username": "ann", "password": "correct horse", "role": "admin"}),
            UNKNOWN,
            &["role"],
        ),
        (
            register,
            json!({"username": "a b c", "password": "short", "display_name": "\u{202e}x", "device_name": "a\nb"}),
            INVALID,
            &["username", "password", "display_name", "device_name"],
        ),
        (
            "POST /auth/refresh",
            json!({"refresh_token": 1, "attempt_id": "é"}),
            INVALID,
            &["refresh_token", "attempt_id"],
        ),
        (
            "POST /auth/login",
            json!({"username": ["ann"], "password": {"$ne": 1}}),
            INVALID,
            &["username", "password"],
        ),
        ("POST /auth/logout", json!({"all": true}), UNKNOWN, &["all"]),
    ]
}

fn people_cases() -> Vec<Case> {
    let (me, privacy) = ("PATCH /users/me", "PATCH /users/me/privacy");
    vec![
        (
            me,
            json!({"display_name": "a\nb", "bio": "b".repeat(501), "interests": [" ", "ok"], "locale": "de_DE", "avatar_media_id": BOB}),
            INVALID,
            &[
                "avatar_media_id",
                "display_name",
                "bio",
                "interests[0]",
                "locale",
            ],
        ),
        (
            me,
            json!({"avatar_media_id": BOB, "interests": ["", 1]}),
            INVALID,
            &["avatar_media_id", "interests[0]", "interests[1]"],
        ),
        (me, json!({"username": "bob"}), UNKNOWN, &["username"]),
        (
            privacy,
            json!({"friend_requests": "friends", "presence": "friends_of_friends"}),
            INVALID,
            &["friend_requests", "presence"],
        ),
        (
            "POST /friends/requests",
            json!({"user_id": "x", "note": 7}),
            INVALID,
            &["user_id", "note"],
        ),
        (
            "PUT /friends/requests/BOB",
            json!({"action": "ACCEPT"}),
            INVALID,
            &["action"],
        ),
    ]
}

fn room_cases() -> Vec<Case> {
    let rooms = "POST /chat/rooms/";
    vec![
        (rooms, json!({"user_id": BOB}), INVALID, &["kind"]),
        (
            rooms,
            json!({"kind": "direct", "user_id": BOB, "name": "x"}),
            UNKNOWN,
            &["name"],
        ),
        (
            rooms,
            json!({"kind": "group", "name": "", "participant_ids": [BOB, 1], "avatar_media_id": BOB}),
            INVALID,
            &["avatar_media_id", "name", "participant_ids[1]"],
        ),
        (
            rooms,
            json!({"kind": "group", "name": "x", "participant_ids": vec![BOB; 10_001]}),
            INVALID,
            &["participant_ids"],
        ),
        (
            "PATCH /chat/rooms/BOB/me",
            json!({"muted_until": "soon", "pinned": "yes"}),
            INVALID,
            &["muted_until", "pinned"],
        ),
        (
            "PATCH /chat/rooms/BOB/participants/BOB",
            json!({"role": "king"}),
            INVALID,
            &["role"],
        ),
        (
            rooms,
            json!({"kind": "group", "name": "a\nb", "participant_ids": [1], "client_id": "é"}),
            INVALID,
            &["name", "participant_ids[0]", "client_id"],
        ),
    ]
}

fn message_cases() -> Vec<Case> {
    let send = "POST /chat/messages/BOB";
    vec![
        (
            send,
            json!({"text": "a\0", "attachments": [1]}),
            INVALID,
            &["attachments", "client_id", "text"],
        ),
        (
            send,
            json!({"client_id": "é", "text": " \u{200b}", "reply_to": "x", "attachments": [1]}),
            INVALID,
            &["attachments", "client_id", "text", "reply_to"],
        ),
        (
            send,
            json!({"client_id": "c", "text": "x", "sender_id": BOB, "seq": 1}),
            UNKNOWN,
            &["sender_id", "seq"],
        ),
        (
            send,
            json!({"client_id": "c", "text": "x".repeat(4_001)}),
            INVALID,
            &["text"],
        ),
    ]
}

#[tokio::test]
async fn bad_fields_are_refused_at_the_edge() {
    let bed = Bed::new().await;
    let cases = [
        sign_in_cases(),
        people_cases(),
        room_cases(),
        message_cases(),
    ];
    for (call, body, code, fields) in cases.into_iter().flatten() {
        let (name, path) = call.split_once(' ').unwrap();
        let path = path.replace("BOB", BOB);

        let answer = bed.call_with(method(name), &path, &body).await;

        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{call}");
        assert_eq!(answer.code(), code, "{call}: {}", answer.body);
        assert_eq!(answer.fields(), fields, "{call}");
    }
}

#[tokio::test]
async fn bad_ids_and_queries_are_refused_at_the_edge() {
    let bed = Bed::new().await;
    let simple = BOB.replace('-', "");
    let cases = [
        (format!("GET /users/{}", "a".repeat(10_000)), 400, INVALID),
        ("GET /users/..%2f..%2fetc".to_owned(), 400, INVALID),
        ("GET /users/%ff".to_owned(), 400, INVALID),
        (format!("GET /users/{simple}"), 400, INVALID),
        (
            "DELETE /chat/rooms/x/participants/y".to_owned(),
            400,
            INVALID,
        ),
        (format!("GET /users/{BOB}?verbose=1"), 400, UNKNOWN),
        ("GET /friends/?limit=0".to_owned(), 400, INVALID),
        ("GET /friends/?cursor=".to_owned(), 400, "cursor_invalid"),
        ("GET /chat/rooms/?archived=maybe".to_owned(), 400, INVALID),
        (
            "GET /friends/requests?direction=up".to_owned(),
            400,
            INVALID,
        ),
        (
            format!("GET /chat/rooms/{BOB}/events?after=-1"),
            400,
            INVALID,
        ),
        (
            format!("GET /chat/messages/{BOB}?before=1&before=2"),
            400,
            INVALID,
        ),
        (
            format!("GET /meta?{}", "a".repeat(16_384)),
            414,
            "invalid_request",
        ),
    ];
    for (call, status, code) in cases {
        let (name, path) = call.split_once(' ').unwrap();

        let answer = bed.call(method(name), path).await;

        let shown: String = call.chars().take(60).collect();
        assert_eq!(answer.status.as_u16(), status, "{shown}");
        assert_eq!(answer.code(), code, "{shown}");
    }
}

#[tokio::test]
async fn bodies_of_other_types_and_sizes_are_refused() {
    let bed = Bed::new().await;
    let good = json!({"user_id": BOB}).to_string();
    let json = [("content-type", "application/json")];
    let zipped = [json[0], ("content-encoding", "gzip")];
    let large = " ".repeat(64 * 1024 + 1);
    let cases: [Refused<'_>; 8] = [
        (
            &[("content-type", "text/plain")],
            &good,
            415,
            "unsupported_media_type",
        ),
        (&[], &good, 415, "unsupported_media_type"),
        (
            &[("content-type", "application/json; charset=latin1")],
            &good,
            415,
            "unsupported_media_type",
        ),
        (&zipped, &good, 415, "unsupported_media_type"),
        (&json, "", 400, "malformed_json"),
        (&[], "", 400, INVALID),
        (&json, "{\"user_id\":", 400, "malformed_json"),
        (&json, &large, 413, "too_large"),
    ];
    for (headers, body, status, code) in cases {
        let body = Body::from(body.to_owned());
        let mut request = bed.request(Method::POST, "/friends/requests", body);
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }

        let answer = bed.send(request).await;

        assert_eq!(answer.status.as_u16(), status, "{headers:?}");
        assert_eq!(answer.code(), code, "{headers:?}");
    }
    let mut declared = bed.request(Method::POST, "/friends/requests", Body::empty());
    let gibibyte = (1_u64 << 30).into();
    declared.headers_mut().insert("content-length", gibibyte);
    assert_eq!(bed.send(declared).await.code(), "too_large");
}
