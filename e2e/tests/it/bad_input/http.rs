//! HTTP itself: heads, bodies, methods, types. Cases 1 to 19 of the catalogue.

use std::time::{Duration, Instant};

use kith_e2e::{Node, Person, Settings, background, group, raw};
use reqwest::Method;
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use super::{Case, MARK, get, post, run};

#[tokio::test]
async fn requests_that_no_library_would_send() {
    let node = Node::start().await;
    let ann = Person::sign_up(&node, "ann").await;
    let address = node.address().to_owned();
    let dribbling = background(dribble(address.clone()));
    let silent = background(silence(address.clone()));
    let endless = background(endless_body(address.clone(), ann.token().to_owned()));
    let quick = Duration::from_secs(5);
    let head = |line: &str, more: &str| format!("{line} HTTP/1.1\r\nhost: {address}\r\n{more}\r\n");
    let authorized = format!(
        "authorization: Bearer {}\r\ncontent-type: application/json\r\n",
        ann.token()
    );
    let many_headers: Vec<_> = (0..200).map(|n| format!("x-{n}: {n}\r\n")).collect();
    let table: [(&str, String, &[u16]); 6] = [
        (
            "64 KiB of headers",
            head(
                "GET /api/v1/meta",
                &format!("x-long: {}\r\n", "a".repeat(65536)),
            ),
            &[431],
        ),
        (
            "200 headers",
            head("GET /api/v1/meta", &many_headers.concat()),
            &[431],
        ),
        (
            "a token of 1 MiB",
            head(
                "GET /api/v1/users/me",
                &format!("authorization: Bearer {}\r\n", "a".repeat(1 << 20)),
            ),
            &[431],
        ),
        (
            "a target of 16 KiB",
            head(&format!("GET /api/v1/meta?{}", "a".repeat(16384)), ""),
            &[414],
        ),
        (
            "a length and chunks",
            head(
                "POST /api/v1/friends/requests",
                &format!("{authorized}content-length: 4\r\ntransfer-encoding: chunked\r\n"),
            ) + "0\r\n\r\n",
            &[400],
        ),
        (
            "a declared body of 1 GiB",
            head(
                "POST /api/v1/friends/requests",
                &format!("{authorized}content-length: 1073741824\r\n"),
            ),
            &[413],
        ),
    ];

    for (name, bytes, statuses) in table {
        let reply = raw::exchange(&address, bytes.as_bytes(), quick).await;
        let status = reply.status.unwrap_or_default();
        assert!(statuses.contains(&status), "{name}: {reply:?}");
    }

    endless.await.unwrap();
    silent.await.unwrap();
    dribbling.await.unwrap();
    ann.api.me().await.unwrap();
}

/// A head that comes a byte every five seconds is not waited for longer than half a minute.
async fn dribble(address: String) {
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let begin = Instant::now();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n")
        .await
        .unwrap();
    for byte in b"x-slow: ab" {
        let reply = raw::read_reply(&mut stream, Duration::from_secs(5)).await;
        if reply.closed || reply.status.is_some() {
            break;
        }
        // The connection may end in between: the next reading tells.
        let _ = stream.write_all(&[*byte]).await;
    }
    assert!(
        begin.elapsed() <= Duration::from_secs(32),
        "dribbled headers held a connection"
    );
}

/// A connection that says nothing is closed within ten seconds.
async fn silence(address: String) {
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let reply = raw::read_reply(&mut stream, Duration::from_secs(11)).await;
    assert!(
        reply.closed || reply.status == Some(408),
        "a silent connection stayed open: {reply:?}"
    );
}

/// Chunks without end are cut at the size limit or after ten seconds.
async fn endless_body(address: String, token: String) {
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /api/v1/friends/requests HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(4096));
    for _ in 0..4096 {
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let reply = raw::read_reply(&mut stream, Duration::from_secs(12)).await;
    assert!(
        reply.closed || matches!(reply.status, Some(413 | 408)),
        "{reply:?}"
    );
}

#[tokio::test]
async fn requests_of_the_wrong_form() {
    let node = Node::start().await;
    let people = Person::sign_up_all(&node, ["ann", "bob"]).await;
    let room = group("Any", &people).await.id();
    let [ann, bob] = people;
    let raw_post = |path: &str, content_type: &str, body: Vec<u8>| {
        let request = ann.api.request(Method::POST, &format!("/api/v1{path}"));
        request.header("content-type", content_type).body(body)
    };
    let requests = "/friends/requests";
    let message = format!("/chat/messages/{room}");
    let json = "application/json";
    let good = || json!({ "user_id": bob.id() });
    let mut cases = vec![
        Case::new(
            "JSON as text",
            raw_post(requests, "text/plain", good().to_string().into()),
            415,
            &["unsupported_media_type"],
        ),
        Case::new(
            "a form",
            raw_post(
                requests,
                "application/x-www-form-urlencoded",
                b"user_id=1".to_vec(),
            ),
            415,
            &["unsupported_media_type"],
        ),
        Case::new(
            "a compressed body",
            raw_post(requests, json, vec![0x1f, 0x8b, 8, 0]).header("content-encoding", "gzip"),
            415,
            &["unsupported_media_type"],
        ),
        Case::new(
            "TRACE",
            ann.api.request(Method::TRACE, "/api/v1/users/me"),
            405,
            &["method_not_allowed"],
        ),
        Case::new(
            "PUT on a collection",
            ann.api.request(Method::PUT, "/api/v1/chat/rooms/"),
            405,
            &["method_not_allowed"],
        ),
        Case::new(
            "a query key twice",
            get(&ann, &format!("{message}?limit=1&limit=2")),
            400,
            &["invalid_request", "invalid_field"],
        ),
        Case::new(
            "a JSON key twice",
            raw_post(
                requests,
                json,
                format!(r#"{{"user_id":"{0}","user_id":"{0}"}}"#, bob.id()).into(),
            ),
            400,
            &["malformed_json", "invalid_request", "invalid_field"],
        ),
        Case::new(
            "truncated JSON",
            raw_post(requests, json, b"{\"user_id\":\"zq7mark".to_vec()),
            400,
            &["malformed_json"],
        ),
        Case::new(
            "garbage after JSON",
            raw_post(requests, json, format!("{} {MARK}", good()).into()),
            400,
            &["malformed_json"],
        ),
        Case::new(
            "an empty body",
            raw_post(requests, json, Vec::new()),
            400,
            &["malformed_json"],
        ),
        Case::new(
            "nested ten thousand deep",
            raw_post(requests, json, "[".repeat(10_000).into()),
            400,
            &["malformed_json"],
        ),
        Case::new(
            "a lone surrogate",
            raw_post(
                &message,
                json,
                br#"{"client_id":"a","text":"\ud800 zq7mark"}"#.to_vec(),
            ),
            400,
            &["malformed_json", "invalid_field"],
        ),
        Case::new(
            "invalid UTF-8",
            raw_post(
                &message,
                json,
                b"{\"client_id\":\"a\",\"text\":\"\xff\"}".to_vec(),
            ),
            400,
            &["malformed_json"],
        ),
        Case::new(
            "a body over the limit",
            raw_post(&message, json, vec![b' '; 4 << 20]),
            413,
            &["too_large"],
        ),
        Case::new(
            "an unknown path",
            get(&ann, "/nothing/here"),
            404,
            &["not_found"],
        ),
        Case::new(
            "metrics from outside",
            ann.api.request(Method::GET, "/api/metrics"),
            404,
            &["not_found"],
        ),
        Case::field(
            "a NUL",
            post(
                &ann,
                &message,
                &json!({ "client_id": "a", "text": "zq7mark\0" }),
            ),
            "text",
        ),
    ];
    for number in ["-1", "1.5", "1e400", "18446744073709551616", "abc"] {
        let path = format!("/chat/rooms/{room}/events?after={number}");
        cases.push(Case::new(
            format!("after={number}"),
            get(&ann, &path),
            400,
            &["invalid_field", "invalid_request"],
        ));
        let path = format!("{message}?before={number}");
        cases.push(Case::new(
            format!("before={number}"),
            get(&ann, &path),
            400,
            &["invalid_field", "invalid_request"],
        ));
    }
    for field in ["sender_id", "seq", "role", "created_at", MARK] {
        let mut body = json!({ "client_id": "a", "text": "never stored" });
        body[field] = json!(1);
        let name = format!("an extra {field}");
        cases.push(Case::new(
            name,
            post(&ann, &message, &body),
            400,
            &["unknown_field"],
        ));
    }

    // The last case's own field name is the mark, and may be named as the bad field.
    let named = cases.pop().unwrap();
    assert_eq!(named.request.send().await.unwrap().status(), 400);
    run(cases, &bob).await;
    assert_eq!(
        bob.api.room(room).await.unwrap().last_seq,
        1,
        "nothing was applied"
    );
}

#[tokio::test]
async fn an_invented_address_does_not_escape_the_limit_of_the_real_one() {
    let few = Settings::default()
        .with("KITH__LIMITS__ENABLED", "true")
        .with("KITH__LIMITS__AUTH_PER_ADDRESS", "5");
    let node = Node::start_with(few).await;
    let mut statuses = Vec::new();

    for n in 0..10 {
        let login = node
            .api()
            .request(Method::POST, "/api/v1/auth/login")
            .header("x-forwarded-for", format!("203.0.113.{n}"))
            .header("forwarded", format!("for=203.0.113.{n}"))
            .header("x-real-ip", format!("203.0.113.{n}"))
            .json(&json!({ "username": format!("nobody{n}"), "password": MARK }));
        statuses.push(login.send().await.unwrap().status().as_u16());
    }

    assert_eq!(statuses[..5], [401; 5]);
    assert!(statuses[5..].contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn headers_that_nobody_may_set() {
    let node = Node::start().await;
    let [ann, bob] = Person::sign_up_all(&node, ["ann", "bob"]).await;

    let spoofed = get(&ann, "/users/me")
        .header("x-user-id", bob.id().to_string())
        .header("x-forwarded-for", "10.0.0.1");
    let me: serde_json::Value = spoofed.send().await.unwrap().json().await.unwrap();
    assert_eq!(me["id"], ann.id().to_string());
    let nobody = node
        .api()
        .request(Method::GET, "/api/v1/users/me")
        .header("x-user-id", ann.id().to_string());
    assert_eq!(nobody.send().await.unwrap().status(), 401);

    for origin in ["https://evil.example", "null"] {
        let preflight = node
            .api()
            .request(Method::OPTIONS, "/api/v1/users/me")
            .header("origin", origin)
            .header("access-control-request-method", "GET");
        let answer = preflight.send().await.unwrap();
        assert!(
            !answer.headers().contains_key("access-control-allow-origin"),
            "{origin}"
        );
        assert!(!answer.status().is_server_error());
    }

    let own = get(&ann, "/users/me")
        .header("x-request-id", "my-own-id-1")
        .send()
        .await
        .unwrap();
    assert_eq!(own.headers()["x-request-id"], "my-own-id-1");
    let odd = get(&ann, "/users/me")
        .header("x-request-id", "a".repeat(5000))
        .send()
        .await
        .unwrap();
    assert!(
        odd.headers()["x-request-id"].len() < 200,
        "an insane one is replaced"
    );
    for path in [
        "/api/v1/users/me",
        "/api/v1/users/me/",
        "/api/v1/chat/rooms",
        "/api/v1/chat/rooms/",
        "/healthz",
        "/readyz",
    ] {
        let answer = ann.api.request(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert!(answer.headers().contains_key("x-request-id"), "{path}");
    }
    bob.api.me().await.unwrap();
}
