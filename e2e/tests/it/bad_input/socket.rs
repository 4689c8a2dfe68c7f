//! The socket. Cases 58 to 69 and 72 of the catalogue.

use std::time::Duration;

use kith_e2e::{DEADLINE, Device, Node, Person, background, group, raw, within};
use kith_sdk::{
    close::BAD_FRAME,
    model::ServerFrame,
    socket::{ConnectError, Connection, Frames, Hello, Link, Upgrade, knock},
};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};
use tokio_tungstenite::tungstenite::{Bytes, Message};

const QUICK: Duration = Duration::from_secs(5);

async fn open(node: &Node) -> (Link, Frames) {
    knock(&node.api().socket_url(), Upgrade::default())
        .await
        .unwrap()
}

/// The next frame must be an `err` of that code.
async fn expect_err(frames: &mut Frames, code: &str, about: &str) {
    match within(QUICK, about, frames.next()).await {
        Some(ServerFrame::Err(err)) => assert_eq!(err.code, code, "{about}: {err:?}"),
        other => panic!("{about}: expected err {code}, got {other:?}"),
    }
}

#[tokio::test]
async fn doors_that_stay_shut() {
    let node = Node::start().await;
    let ann = Person::sign_up(&node, "ann").await;
    let late = background(nobody_says_hello(node.api().socket_url()));

    for origin in ["https://evil.example", "null"] {
        let (_, reply) = raw::upgrade(node.address(), &format!("origin: {origin}\r\n")).await;
        assert_eq!(reply.status, Some(403), "{origin}");
    }
    let (_, reply) = raw::upgrade(
        node.address(),
        &format!("origin: http://{}\r\n", node.address()),
    )
    .await;
    assert_eq!(reply.status, Some(101), "the host itself");
    let deflate =
        "sec-websocket-extensions: permessage-deflate\r\nsec-websocket-protocol: kith.v1\r\n";
    let (_, reply) = raw::upgrade(node.address(), deflate).await;
    let head = reply.text.to_ascii_lowercase();
    assert!(
        !head.contains("sec-websocket-extensions"),
        "compression is not negotiated"
    );
    assert!(
        head.contains("sec-websocket-protocol: kith.v1"),
        "the subprotocol is echoed"
    );

    for token in [
        "",
        "nonsense",
        ann.session.refresh_token.as_deref().unwrap(),
    ] {
        let Err(ConnectError::Refused { refused, closed }) =
            Connection::with_token(&node.api().socket_url(), token).await
        else {
            panic!("a bad token must not connect");
        };
        assert_eq!(
            (refused.code.as_str(), closed.code),
            ("auth_failed", Some(4501))
        );
    }
    let nothing = Connection::open(
        &node.api().socket_url(),
        Upgrade::default(),
        &Hello::default(),
    )
    .await;
    assert!(
        matches!(nothing, Err(ConnectError::Refused { refused, .. }) if refused.code == "auth_failed")
    );

    let (link, mut frames) = open(&node).await;
    for n in 0..3 {
        link.say(&json!({ "t": "ping", "ref": n.to_string() }))
            .unwrap();
        expect_err(&mut frames, "bad_frame", "a frame before hello").await;
    }
    assert_eq!(
        within(QUICK, "the third one closes", frames.closed())
            .await
            .code,
        Some(BAD_FRAME)
    );
    late.await.unwrap();
    ann.api.me().await.unwrap();
}

/// Without a hello the server gives up after ten seconds, and says why.
async fn nobody_says_hello(url: String) {
    let (_link, mut frames) = knock(&url, Upgrade::default()).await.unwrap();
    let frame = within(Duration::from_secs(12), "hello_timeout", frames.next()).await;
    assert!(matches!(frame, Some(ServerFrame::Err(err)) if err.code == "hello_timeout"));
    assert_eq!(
        within(QUICK, "the close", frames.closed()).await.code,
        Some(4001)
    );
}

#[tokio::test]
async fn frames_that_are_none() {
    let node = Node::start().await;
    let ann = Person::sign_up(&node, "ann").await;
    let neighbour = ann.device().await;
    let bad = [
        "not json",
        "{\"t\":\"ping\",\"ref\":\"1\"",
        "[1,2,3]",
        "\"ping\"",
        "null",
        "{}",
        r#"{"t":7,"ref":"1"}"#,
        r#"{"t":"no_such_thing","ref":"1"}"#,
        r#"{"t":"ping"}"#,
        r#"{"t":"ping","ref":""}"#,
        r#"{"t":"ping","ref":7}"#,
        r#"{"t":"ping","ref":null}"#,
        r#"{"t":"hello","token":"a second one"}"#,
    ];
    let long = format!(r#"{{"t":"ping","ref":"{}"}}"#, "r".repeat(65));

    for text in bad.into_iter().chain([long.as_str()]) {
        let mut connection = Connection::with_token(&ann.api.socket_url(), ann.token())
            .await
            .unwrap();
        for _ in 0..3 {
            connection.link.say_raw(Message::text(text)).unwrap();
            expect_err(&mut connection.frames, "bad_frame", text).await;
        }
        let closed = within(QUICK, text, connection.frames.closed()).await;
        assert_eq!(closed.code, Some(BAD_FRAME), "{text}");
    }

    neighbour.link.ping().await.unwrap();
    neighbour.assert_sound();
}

#[tokio::test]
async fn known_frames_with_bad_fields_do_not_count() {
    let node = Node::start().await;
    let people = Person::sign_up_all(&node, ["ann", "bob", "eve"]).await;
    let room = group("Any", &people[..2]).await.id();
    let [ann, bob, eve] = people;
    let (device, neighbour) = (ann.device().await, bob.device().await);
    let send = |client_id: Value, text: Value| json!({ "t": "send", "room_id": room, "client_id": client_id, "text": text });
    let too_many: Vec<_> = (0..201).map(|_| bob.id()).collect();
    let table: Vec<(&str, Value, &[&str])> = vec![
        (
            "an empty text",
            send("a".into(), "".into()),
            &["invalid_field"],
        ),
        (
            "a text of another kind",
            send("a".into(), json!({ "x": 1 })),
            &["invalid_field"],
        ),
        ("a NUL", send("a".into(), "a\0".into()), &["invalid_field"]),
        (
            "4001 characters",
            send("a".into(), "x".repeat(4001).into()),
            &["invalid_field"],
        ),
        (
            "a long client_id",
            send("c".repeat(65).into(), "x".into()),
            &["invalid_field"],
        ),
        (
            "no client_id",
            json!({ "t": "send", "room_id": room, "text": "x" }),
            &["invalid_field"],
        ),
        (
            "a malformed room",
            json!({ "t": "send", "room_id": "x", "client_id": "a", "text": "x" }),
            &["invalid_field"],
        ),
        (
            "an extra field",
            json!({ "t": "send", "room_id": room, "client_id": "a", "text": "x", "sender_id": eve.id() }),
            &["unknown_field"],
        ),
        (
            "attachments",
            json!({ "t": "send", "room_id": room, "client_id": "a", "text": "x", "attachments": [{}] }),
            &["invalid_field"],
        ),
        (
            "a negative seq",
            json!({ "t": "read", "room_id": room, "seq": -1 }),
            &["invalid_field"],
        ),
        (
            "a broken seq",
            json!({ "t": "read", "room_id": room, "seq": 1.5 }),
            &["invalid_field"],
        ),
        (
            "a seq above the head",
            json!({ "t": "read", "room_id": room, "seq": 99 }),
            &["invalid_field"],
        ),
        (
            "a huge seq",
            json!({ "t": "read", "room_id": room, "seq": 18_446_744_073_709_551_615_u64 }),
            &["invalid_field"],
        ),
        (
            "a position of somebody else",
            json!({ "t": "read", "room_id": room, "seq": 1, "user_id": bob.id() }),
            &["unknown_field"],
        ),
        (
            "a fetch of none",
            json!({ "t": "fetch", "room_id": room, "after": 0, "limit": 0 }),
            &["invalid_field"],
        ),
        (
            "a watch of 201",
            json!({ "t": "watch", "user_ids": too_many }),
            &["invalid_field"],
        ),
        (
            "a watch of nothing",
            json!({ "t": "watch" }),
            &["invalid_field"],
        ),
        (
            "an unknown status",
            json!({ "t": "status", "status": "dancing" }),
            &["invalid_field"],
        ),
        (
            "a bad new token",
            json!({ "t": "reauth", "token": "nonsense" }),
            &["auth_failed"],
        ),
    ];

    let mut wrong = Vec::new();
    for (name, frame, codes) in table {
        let answer = within(QUICK, name, device.link.ask(frame)).await;
        match &answer {
            Err(error) if codes.contains(&error.code().unwrap_or_default()) => {}
            other => wrong.push(format!("{name}: expected {codes:?}, got {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    device.link.ping().await.unwrap();

    device
        .link
        .say(&json!({ "t": "hello", "token": ann.token() }))
        .unwrap();
    device
        .wait("the answer to a second hello", |frames| {
            let refused = |frame: &ServerFrame| matches!(frame, ServerFrame::Err(err) if err.reference.is_none());
            frames.iter().any(refused).then_some(())
        })
        .await;
    device.link.ping().await.unwrap();

    let outside = eve.device().await;
    let foreign = [
        json!({ "t": "send", "room_id": room, "client_id": "a", "text": "x" }),
        json!({ "t": "fetch", "room_id": room, "after": 0 }),
        json!({ "t": "read", "room_id": room, "seq": 1 }),
    ];
    for frame in foreign {
        assert_eq!(
            outside.link.ask(frame).await.unwrap_err().code(),
            Some("not_found")
        );
    }
    outside.link.typing(room, true).unwrap();
    outside.link.delivered(room, 1).unwrap();
    device.link.delivered(room, 99).unwrap();
    outside.link.ping().await.unwrap();
    device.link.ping().await.unwrap();
    neighbour.link.ping().await.unwrap();
    let leaked = neighbour.frames().into_iter().filter(|frame| {
        matches!(frame, ServerFrame::Typing(t) if t.user_id == eve.id())
            || matches!(frame, ServerFrame::Receipt(r) if r.user_id == eve.id() || r.delivered_seq > Some(1))
    });
    assert_eq!(leaked.count(), 0);
    assert_eq!(
        ann.api.room(room).await.unwrap().last_seq,
        1,
        "nothing was stored"
    );
    neighbour.assert_sound();
}

async fn hello_by_hand(node: &Node, person: &Person) -> TcpStream {
    let (mut stream, reply) = raw::upgrade(node.address(), "").await;
    assert_eq!(reply.status, Some(101));
    let hello = json!({ "t": "hello", "token": person.token() }).to_string();
    stream
        .write_all(&raw::frame(0x81, hello.as_bytes()))
        .await
        .unwrap();
    stream
}

#[tokio::test]
async fn websocket_rules_are_kept() {
    let node = Node::start().await;
    let ann = Person::sign_up(&node, "ann").await;
    let neighbour = ann.device().await;
    let ping = json!({ "t": "ping", "ref": "1" }).to_string();
    let mut unmasked = vec![0x81, u8::try_from(ping.len()).unwrap()];
    unmasked.extend(ping.as_bytes());
    let mut fragments = raw::frame(0x01, b"x");
    for _ in 0..70_000 {
        fragments.extend(raw::frame(0x00, b"x"));
    }
    let table: [(&str, Vec<u8>, &[u16]); 8] = [
        ("a binary frame", raw::frame(0x82, b"x"), &[1003]),
        ("a reserved bit", raw::frame(0xc1, ping.as_bytes()), &[1002]),
        ("a reserved kind", raw::frame(0x83, b"x"), &[1002]),
        ("no mask", unmasked, &[1002]),
        ("no UTF-8", raw::frame(0x81, b"{\"t\":\"\xff\"}"), &[1007]),
        (
            "64 KiB and one byte",
            raw::frame(0x81, &vec![b' '; 65537]),
            &[1009],
        ),
        ("too much in fragments", fragments, &[1009, 4004]),
        (
            "a ping that is too long",
            raw::frame(0x89, &[0; 126]),
            &[1002],
        ),
    ];

    for (name, bytes, codes) in table {
        let mut stream = hello_by_hand(&node, &ann).await;
        // The server may close before it has read everything.
        let _ = stream.write_all(&bytes).await;
        let code = within(DEADLINE, name, raw::read_close(&mut stream)).await;
        assert!(
            code.is_some_and(|code| codes.contains(&code)),
            "{name}: expected {codes:?}, got {code:?}"
        );
    }

    neighbour.link.ping().await.unwrap();
    neighbour.assert_sound();
}

#[tokio::test]
async fn bounds_that_are_just_kept_are_fine() {
    let node = Node::start().await;
    let people = Person::sign_up_all(&node, ["ann", "bob"]).await;
    let room = group("Any", &people).await.id();
    let device: Device = people[0].device().await;

    let longest = device.send(room, &"\u{10ffff}".repeat(4000)).await.unwrap();
    assert_eq!(longest.message.text.unwrap().chars().count(), 4000);
    let padded = format!(
        "{{\"t\":\"ping\",\"ref\":\"padded\"{}}}",
        " ".repeat(65536 - 27)
    );
    assert_eq!(padded.len(), 65536);
    device.link.say_raw(Message::text(padded)).unwrap();
    device
        .wait("the answer to a frame of 64 KiB", |frames| {
            let answer = |frame: &ServerFrame| matches!(frame, ServerFrame::Ok(ok) if ok.reference == "padded");
            frames.iter().any(answer).then_some(())
        })
        .await;
    let reference = "r".repeat(64);
    device
        .link
        .say(&json!({ "t": "ping", "ref": reference }))
        .unwrap();
    device
        .link
        .say_raw(Message::Ping(Bytes::from_static(&[0; 125])))
        .unwrap();
    device.link.ping().await.unwrap();
    let many: Vec<_> = (0..200).map(|_| device.link.ping()).collect();
    for answer in futures::future::join_all(many).await {
        answer.unwrap();
    }
    device.assert_sound();
}
