//! From signing up to talking live.

use kith_e2e::{Device, Node, Person, befriend, direct_room, eventually, post};
use kith_sdk::{
    model::{EventBody, Message, ServerFrame, UserEventBody},
    rest::{MessagePost, Paging, Requested, Response, Window},
    socket::{Hello, Upgrade},
};

/// What everybody but the sender is shown.
fn without_client_id(message: &Message) -> Message {
    Message {
        client_id: None,
        ..message.clone()
    }
}

#[tokio::test]
async fn two_people_meet_and_talk_live() {
    let node = Node::start().await;
    let [ann, bob] = Person::sign_up_all(&node, ["ann", "bob"]).await;
    let (ann_phone, bob_phone, bob_laptop) =
        (ann.device().await, bob.device().await, bob.device().await);

    become_friends(&ann, &bob, &ann_phone, &bob_phone).await;
    let room = direct_room(&ann, &bob).await;
    assert_eq!(
        (room.kind.as_str(), room.participant_count, room.joined_seq),
        ("direct", 2, 1)
    );
    assert_eq!(direct_room(&bob, &ann).await.id, room.id, "one room a pair");
    for device in [&ann_phone, &bob_phone, &bob_laptop] {
        let added = device.wait_user("room.added").await;
        assert!(matches!(added.body(), UserEventBody::RoomAdded(added) if added.id == room.id));
        let created = device.wait_event(room.id, 1).await;
        assert!(
            matches!(created.body(), EventBody::RoomCreated(created) if created.participants.len() == 2)
        );
    }

    let by_socket = ann_phone
        .send(room.id, "Hello Bob, ça va? 👋")
        .await
        .unwrap();
    assert!(!by_socket.duplicate);
    let by_rest = post(&bob, room.id, "Hello Ann").await;
    assert_eq!((by_socket.message.seq, by_rest.seq), (2, 3));
    let expected = [
        without_client_id(&by_socket.message),
        without_client_id(&by_rest),
    ];

    for device in [&ann_phone, &bob_phone, &bob_laptop] {
        device.wait_event(room.id, 3).await;
        let heard: Vec<_> = device
            .messages(room.id)
            .iter()
            .map(without_client_id)
            .collect();
        assert_eq!(heard, expected, "the same objects live");
        device.assert_sound();
    }
    assert_eq!(
        ann_phone.messages(room.id)[0],
        by_socket.message,
        "the sender's copy carries client_id"
    );
    assert_eq!(
        bob_phone.messages(room.id)[0].client_id,
        None,
        "nobody else's does"
    );
    assert_eq!(
        ann.api
            .messages(room.id, Window::Newest, None)
            .await
            .unwrap()
            .items[0],
        by_socket.message
    );
    for person in [&ann, &bob] {
        let history = person
            .api
            .messages(room.id, Window::Newest, None)
            .await
            .unwrap();
        assert_eq!(
            history
                .items
                .iter()
                .map(without_client_id)
                .collect::<Vec<_>>(),
            expected,
            "and in the history"
        );
        assert_eq!(
            (history.has_before, history.has_after, history.last_seq),
            (false, false, 3)
        );
        let log = person.api.events(room.id, 1, None).await.unwrap();
        let logged: Vec<_> = log
            .events
            .iter()
            .map(|event| without_client_id(&event.message().unwrap()))
            .collect();
        assert_eq!(logged, expected, "and in the log");
        let fetched = person
            .device()
            .await
            .link
            .fetch(room.id, 1, None)
            .await
            .unwrap();
        assert_eq!(fetched.events, log.events, "over both");
        let rooms = person.api.rooms(&Paging::default()).await.unwrap().items;
        assert_eq!(
            without_client_id(rooms[0].last_message.as_ref().unwrap()),
            expected[1]
        );
    }
}

async fn become_friends(ann: &Person, bob: &Person, ann_phone: &Device, bob_phone: &Device) {
    let Requested::Pending(request) = ann.api.request_friend(bob.id(), Some("hi")).await.unwrap()
    else {
        panic!("nobody had asked before");
    };
    assert_eq!(
        (request.direction.as_str(), request.status.as_str()),
        ("outgoing", "pending")
    );
    let heard = bob_phone.wait_user("friend.requested").await;
    assert!(matches!(
        heard.body(),
        UserEventBody::FriendRequest(heard)
            if heard.id == request.id && heard.direction == "incoming" && heard.user.id == ann.id()
    ));
    assert_eq!(
        bob.api
            .friend_requests(Some("incoming"), &Paging::default())
            .await
            .unwrap()
            .items
            .len(),
        1
    );

    let accepted = bob.api.respond(request.id, Response::Accept).await.unwrap();

    assert_eq!(accepted.status, "accepted");
    ann_phone.wait_user("friend.accepted").await;
    bob_phone.wait_user("friend.accepted").await;
    for (one, other) in [(ann, bob), (bob, ann)] {
        let friends = one.api.friends(None, &Paging::default()).await.unwrap();
        assert_eq!((friends.total, friends.items[0].user.id), (1, other.id()));
        assert_eq!(one.api.user(other.id()).await.unwrap().relation, "friends");
        assert_eq!(one.api.me().await.unwrap().user.friends_count, 1);
    }
}

#[tokio::test]
async fn a_device_may_bring_its_token_in_a_header_and_typing_is_shown() {
    let node = Node::start().await;
    let [ann, bob] = Person::sign_up_all(&node, ["ann", "bob"]).await;
    befriend(&ann, &bob).await;
    let room = direct_room(&ann, &bob).await;
    let upgrade = Upgrade {
        token: Some(ann.token().to_owned()),
        headers: Vec::new(),
    };
    let native = Device::connect_with(&ann.api.socket_url(), upgrade, &Hello::default()).await;
    let bobs = bob.device().await;

    bobs.link.typing(room.id, true).unwrap();

    assert_eq!(
        (native.ready.user_id, native.ready.session_id),
        (ann.id(), ann.session.session_id)
    );
    assert_eq!(native.ready.rooms[&room.id], 1);
    assert_eq!(native.ready.heartbeat_ms, 25_000);
    native
        .wait("typing", |frames| {
            let typing = |frame: &ServerFrame| {
                matches!(frame, ServerFrame::Typing(t) if t.user_id == bob.id() && t.room_id == room.id && t.active)
            };
            frames.iter().any(typing).then_some(())
        })
        .await;
    native.link.ping().await.unwrap();
    // Coming is gathered for a moment before it is shown.
    eventually("he is seen to be here", async || {
        let seen = native.link.watch(&[bob.id()]).await.unwrap();
        (seen.len() == 1 && seen[0].status == "online").then_some(())
    })
    .await;
    native.link.status("away").await.unwrap();
    let answer = MessagePost {
        client_id: "a".to_owned(),
        text: "an answer".to_owned(),
        reply_to: Some(post(&bob, room.id, "a question").await.id),
    };
    let answer = native.link.send(room.id, &answer).await.unwrap().message;
    let preview = answer.reply_to.unwrap();
    assert_eq!(
        (preview.sender_id, preview.excerpt.as_str(), preview.seq),
        (bob.id(), "a question", 2)
    );
    native.assert_sound();
}
