//! Rooms and messages: what reaches chat, and what comes back.

use super::*;

const SEND: &str = "chat.v1.ChatService/SendMessage";

fn message(duplicate: bool) -> chat::SendMessageResponse {
    chat::SendMessageResponse {
        message: Some(chat::Message {
            message_id: BOB.to_owned(),
            sender_id: ANN.to_owned(),
            client_id: Some("c1".to_owned()),
            text: "hi".to_owned(),
            ..chat::Message::default()
        }),
        duplicate,
    }
}

#[tokio::test]
async fn a_message_is_created_once() {
    let bed = Bed::new().await;
    let path = format!("/chat/messages/{BOB}");
    let body = json!({"client_id": "c1", "text": "hi", "attachments": [], "reply_to": null});
    for (duplicate, status) in [(false, 201), (true, 200)] {
        bed.services.answer(SEND, &message(duplicate));

        let answer = bed.call_with(Method::POST, &path, &body).await;

        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.body["client_id"], "c1");
        assert_eq!(answer.body["reactions"], json!([]));
    }
    let mut calls = bed.services.calls::<chat::SendMessageRequest>(SEND);
    let (caller, call) = calls.remove(0);
    let expected = Caller::User {
        user_id: ANN.parse().unwrap(),
        session_id: SESSION.parse().unwrap(),
    };
    assert_eq!(caller, Some(expected));
    assert_eq!((call.room_id.as_str(), call.text.as_str()), (BOB, "hi"));
    assert_eq!(call.create_time, None);
}

#[tokio::test]
async fn only_a_service_may_say_when_a_message_was_written() {
    let bed = Bed::new().await;
    bed.services.answer(SEND, &message(false));
    let path = format!("/chat/messages/{BOB}");
    let body = json!({"client_id": "c1", "text": "hi", "created_at": "2026-01-01T00:00:00Z"});

    let person = bed.call_with(Method::POST, &path, &body).await;
    let mut request = bed.request(Method::POST, &path, Body::from(body.to_string()));
    for (name, value) in [
        ("content-type", "application/json; charset=UTF-8"),
        ("authorization", &format!("bearer {SERVICE_KEY}")),
        ("kith-on-behalf-of", ANN),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let service = bed.send(request).await;

    assert_eq!(person.code(), "unknown_field");
    assert_eq!(person.fields(), ["created_at"]);
    assert_eq!(service.status, StatusCode::CREATED);
    let calls = bed.services.calls::<chat::SendMessageRequest>(SEND);
    assert_eq!(calls[0].1.create_time.unwrap().seconds, 1_767_225_600);
}

#[tokio::test]
async fn messages_have_a_limit_of_their_own() {
    let settings = kith_config::Limits {
        messages_per_user: 1,
        ..limits(true, 100)
    };
    let bed = Bed::with(crate::Config::for_test(), &settings).await;
    bed.services.answer(SEND, &message(false));
    let path = format!("/chat/messages/{BOB}");
    let body = json!({"client_id": "c", "text": "x"});

    let first = bed.call_with(Method::POST, &path, &body).await;
    let second = bed.call_with(Method::POST, &path, &body).await;

    assert_eq!(first.status, StatusCode::CREATED);
    assert_eq!(second.code(), "rate_limited");
}

#[tokio::test]
async fn a_page_is_asked_for_by_one_seq() {
    let bed = Bed::new().await;
    let method_name = "chat.v1.ChatService/GetRoomMessages";
    bed.services
        .answer(method_name, &chat::GetRoomMessagesResponse::default());
    let path = |query: &str| format!("/chat/messages/{BOB}?{query}");

    let good = bed.call(Method::GET, &path("before=7&limit=1000")).await;
    let both = bed.call(Method::GET, &path("before=7&after=1")).await;

    assert_eq!(
        good.body,
        json!({"items": [], "has_before": false, "has_after": false, "last_seq": 0})
    );
    let calls = bed
        .services
        .calls::<chat::GetRoomMessagesRequest>(method_name);
    let position = chat::get_room_messages_request::Position::BeforeSeq(7);
    assert_eq!(calls[0].1.position, Some(position));
    assert_eq!(calls[0].1.limit, 100);
    assert_eq!(both.code(), "invalid_request");
}

#[tokio::test]
async fn null_clears_a_mute_and_absence_keeps_it() {
    let bed = Bed::new().await;
    let method_name = "chat.v1.ChatService/UpdateRoomSettings";
    let room = Some(chat::Room::default());
    bed.services
        .answer(method_name, &chat::UpdateRoomSettingsResponse { room });
    let path = format!("/chat/rooms/{BOB}/me");
    for body in [json!({"muted_until": null}), json!({"pinned": true})] {
        let answer = bed.call_with(Method::PATCH, &path, &body).await;

        assert_eq!(answer.status, StatusCode::OK);
    }
    let calls = bed
        .services
        .calls::<chat::UpdateRoomSettingsRequest>(method_name);
    assert_eq!(calls[0].1.mute.map(|mute| mute.until), Some(None));
    assert_eq!(calls[1].1.mute, None);
    assert_eq!(calls[1].1.pinned, Some(true));
}

#[tokio::test]
async fn rooms_are_opened_by_kind() {
    let bed = Bed::new().await;
    let room = Some(chat::Room::default());
    bed.services.answer(
        "chat.v1.ChatService/CreateDirectChatRoom",
        &chat::CreateDirectChatRoomResponse {
            room: room.clone(),
            created: false,
        },
    );
    bed.services.answer(
        "chat.v1.ChatService/CreateGroupChatRoom",
        &chat::CreateGroupChatRoomResponse {
            room,
            created: true,
        },
    );
    let direct = json!({"kind": "direct", "user_id": BOB});
    let group = json!({"kind": "group", "name": "Tea", "participant_ids": [BOB], "client_id": "g"});

    let there = bed.call_with(Method::POST, "/chat/rooms", &direct).await;
    let new = bed.call_with(Method::POST, "/chat/rooms", &group).await;

    assert_eq!(there.status, StatusCode::OK);
    assert_eq!(new.status, StatusCode::CREATED);
}

#[tokio::test]
async fn cursors_of_another_time_are_told_apart_from_bad_ones() {
    let bed = Bed::new().await;
    let method_name = "chat.v1.ChatService/Sync";
    bed.services.answer(
        method_name,
        &chat::SyncResponse {
            cursor_invalid: true,
            ..chat::SyncResponse::default()
        },
    );
    let with_epoch = |epoch: Value| json!({"epoch": epoch, "useq": 0, "rooms": {}});
    let with_rooms = |rooms: Value| json!({"epoch": 1, "useq": 0, "rooms": rooms});
    let cases = [
        (with_epoch(json!(1)), "cursor_invalid"),
        (with_epoch(json!("other")), "cursor_invalid"),
        (with_epoch(json!(1.5)), "cursor_invalid"),
        (with_epoch(json!([])), "invalid_field"),
        (with_rooms(json!({"x": 1})), "invalid_field"),
        (with_rooms(json!({(BOB): -1})), "invalid_field"),
        (json!({}), "invalid_field"),
    ];
    for (body, code) in cases {
        let answer = bed.call_with(Method::POST, "/chat/sync", &body).await;

        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(answer.code(), code, "{body}");
    }
    let asked = bed.services.count(method_name);
    assert_eq!(asked, 1, "the others never left the edge");
}
