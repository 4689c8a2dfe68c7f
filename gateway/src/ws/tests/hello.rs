//! The handshake and `hello`: who gets in, how the others are turned away, what a device hears first.

use kith_api::chat::v1::{ReadMoved, user_event_body::Body};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, http::StatusCode};

use super::world::World;
use crate::testing::limits;

fn status(result: Result<super::world::Client, tungstenite::Error>) -> StatusCode {
    match result {
        Ok(_) => StatusCode::SWITCHING_PROTOCOLS,
        Err(tungstenite::Error::Http(response)) => response.status(),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_page_of_another_origin_gets_no_socket() {
    let world = World::new().await;
    let own = format!("http://{}", world.running.local_addr());
    let cases = [
        ("https://evil.example", StatusCode::FORBIDDEN),
        ("null", StatusCode::FORBIDDEN),
        ("https://app.example.org", StatusCode::SWITCHING_PROTOCOLS),
        (&own, StatusCode::SWITCHING_PROTOCOLS),
    ];
    for (origin, expected) in cases {
        let result = world.connect_with(&[("origin", origin)]).await;

        assert_eq!(status(result), expected, "{origin}");
    }
}

#[tokio::test]
async fn the_subprotocol_is_echoed_when_it_is_offered() {
    let world = World::new().await;
    let offered = [("sec-websocket-protocol", "other, kith.v1")];

    // The client refuses the handshake if none of its protocols is chosen.
    assert_eq!(
        status(world.connect_with(&offered).await),
        StatusCode::SWITCHING_PROTOCOLS
    );
}

#[tokio::test]
async fn a_hello_that_fails_is_told_why_and_closed() {
    let world = World::new().await;
    let ann = world.person();
    let revoked = world.person();
    let identity = &world.running.state.identity;
    identity.revoke_locally(revoked.user_id, &[revoked.session_id]);
    let rooms: serde_json::Map<String, Value> = (0..501)
        .map(|n| (format!("01890a5d-ac96-774b-bcce-{n:012x}"), json!(1)))
        .collect();
    let token = world.token(ann, 900);
    let cases = [
        (json!({"t": "hello"}), "auth_failed", 4501),
        (json!({"t": "hello", "token": "x"}), "auth_failed", 4501),
        (json!({"t": "hello", "token": 1}), "auth_failed", 4501),
        (
            json!({"t": "hello", "token": world.token(ann, -5)}),
            "token_expired",
            4002,
        ),
        (
            json!({"t": "hello", "token": world.token(revoked, 900)}),
            "revoked",
            4502,
        ),
        (
            json!({"t": "hello", "token": token, "resume": {"epoch": 1, "useq": 0, "rooms": rooms}}),
            "invalid_field",
            4500,
        ),
        (
            json!({"t": "hello", "token": token, "extra": 1}),
            "unknown_field",
            4500,
        ),
    ];
    for (hello, code, close) in cases {
        let mut client = world.connect().await;

        client.say(&hello).await;

        let (errors, closed) = client.end().await;
        assert_eq!((errors[0].as_str(), closed), (code, close), "{hello}");
    }
}

#[tokio::test]
async fn before_hello_every_other_frame_is_a_bad_one_and_the_third_closes() {
    let world = World::new().await;
    let mut client = world.connect().await;

    client.say(&json!({"t": "ping", "ref": "a"})).await;
    let first = client.expect("err").await;
    client.say_text("{").await;
    client.expect("err").await;
    client.say(&json!({"t": "read", "ref": "b"})).await;

    assert_eq!(
        (&first["code"], &first["ref"]),
        (&json!("bad_frame"), &json!("a"))
    );
    assert_eq!(client.end().await, (vec!["bad_frame".to_owned()], 4500));
}

#[tokio::test]
async fn who_says_nothing_is_closed_after_ten_seconds() {
    let world = World::new().await;
    let mut client = world.connect().await;

    assert_eq!(client.end().await, (vec!["hello_timeout".to_owned()], 4001));
}

#[tokio::test]
async fn a_native_client_may_present_its_token_with_the_upgrade() {
    let world = World::new().await;
    let ann = world.person();
    let bearer = format!("Bearer {}", world.token(ann, 900));
    let headers = [("authorization", bearer.as_str())];
    let mut client = world.connect_with(&headers).await.unwrap();

    client
        .say(&json!({"t": "hello", "client": {"name": "test"}}))
        .await;

    let ready = client.expect("ready").await;
    assert_eq!(ready["user_id"], ann.user_id.to_string());
    assert_eq!(ready["session_id"], ann.session_id.to_string());
    assert_eq!(ready["heartbeat_ms"], 25_000);
}

#[tokio::test]
async fn the_twenty_first_socket_is_closed_and_the_others_stay() {
    let world = World::new().await;
    let ann = world.person();
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(world.open(ann).await);
    }

    let mut last = world.connect().await;
    last.hello(&world.token(ann, 900)).await;

    assert_eq!(
        last.end().await,
        (vec!["too_many_devices".to_owned()], 4504)
    );
    clients[0].say(&json!({"t": "ping", "ref": "a"})).await;
    clients[0].expect("ok").await;
}

#[tokio::test]
async fn too_many_sockets_of_an_address_are_refused_before_the_upgrade() {
    let world = World::with(&limits(true, 2)).await;

    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(status(world.connect_with(&[]).await));
    }

    assert_eq!(statuses[2], StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_resume_hears_ready_then_what_it_missed_then_resumed() {
    let world = World::new().await;
    let (ann, bob) = (world.person(), world.person());
    let room = world.chat.room(&[ann.user_id, bob.user_id]);
    for text in ["a", "b"] {
        world.chat.message(&room, bob.user_id, text);
    }
    world
        .chat
        .tell(ann.user_id, Body::ReadMoved(ReadMoved::default()));

    let mut client = world
        .resume(ann, json!({"epoch": 1, "useq": 0, "rooms": {&room: 1}}))
        .await;

    assert_eq!(client.expect("user").await["useq"], 1);
    assert_eq!(client.expect("event").await["seq"], 2);
    assert_eq!(client.expect("event").await["seq"], 3);
    let resumed = client.expect("resumed").await;
    assert_eq!(
        resumed,
        json!({"t": "resumed", "useq": 1, "too_long": [], "user_too_long": false})
    );
    world.chat.message(&room, bob.user_id, "c");
    assert_eq!(client.expect("event").await["seq"], 4);
}

#[tokio::test]
async fn a_room_left_meanwhile_replays_to_its_end_before_its_removal() {
    let world = World::new().await;
    let (ann, bob) = (world.person(), world.person());
    let room = world.chat.room(&[ann.user_id, bob.user_id]);
    world.chat.message(&room, bob.user_id, "a");
    world.chat.kick(&room, ann.user_id);
    world.chat.message(&room, bob.user_id, "not for Ann");

    let mut client = world
        .resume(ann, json!({"epoch": 1, "useq": 0, "rooms": {&room: 1}}))
        .await;

    assert_eq!(client.expect("event").await["seq"], 2);
    assert_eq!(client.expect("event").await["type"], "participant.left");
    assert_eq!(client.expect("user").await["type"], "room.removed");
    client.expect("resumed").await;
}

#[tokio::test]
async fn cursors_of_another_epoch_are_refused_and_the_session_goes_on() {
    let world = World::new().await;
    let (ann, bob) = (world.person(), world.person());
    let room = world.chat.room(&[ann.user_id, bob.user_id]);
    for epoch in [json!(2), json!("1"), json!(null)] {
        let mut client = world
            .resume(ann, json!({"epoch": epoch, "useq": 0, "rooms": {&room: 0}}))
            .await;

        assert_eq!(client.expect("err").await["code"], "cursor_invalid");
        let seq = world.chat.message(&room, bob.user_id, "a");
        assert_eq!(client.expect("event").await["seq"], seq);
    }
}

#[tokio::test]
async fn a_device_does_not_feel_that_a_chat_node_has_just_died() {
    let world = World::new().await;
    let ann = world.person();
    let room = world.chat.room(&[ann.user_id]);

    world.chat.stumble();
    let mut device = world.open(ann).await;
    world.chat.stumble();
    device
        .say(&json!({"t": "fetch", "ref": "a", "room_id": room, "after": 0}))
        .await;

    assert_eq!(device.until("ok").await["ref"], "a");
}
