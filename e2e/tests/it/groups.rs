//! Groups: who comes, who goes, and what each of them sees.

use kith_e2e::{Node, Person, group, post};
use kith_sdk::{
    model::{EventBody, Message, UserEventBody},
    rest::{NewGroup, RoomChange, Window},
};

fn texts(messages: &[Message]) -> Vec<&str> {
    messages
        .iter()
        .filter_map(|message| message.text.as_deref())
        .collect()
}

#[tokio::test]
async fn everybody_sees_exactly_their_stay() {
    let node = Node::start().await;
    let people = Person::sign_up_all(&node, ["ann", "bob", "cat", "dan"]).await;
    let (anns, bobs, cats, dans) = (
        people[0].device().await,
        people[1].device().await,
        people[2].device().await,
        people[3].device().await,
    );
    let group = group("Climbing", &people[..3]).await;
    let [ann, bob, cat, dan] = people;
    let room = group.id();

    post(&ann, room, "before dan").await;
    dan.open_up().await;
    let added = ann
        .api
        .add_participants(room, &[dan.id(), bob.id()])
        .await
        .unwrap();
    assert_eq!(
        added.items.len(),
        1,
        "members already in are no error, and not added"
    );
    let joined = dans.wait_event(room, 3).await;
    assert!(
        matches!(joined.body(), EventBody::ParticipantJoined(joined) if joined.user.id == dan.id())
    );
    post(&dan, room, "dan is here").await;
    bob.api.remove_participant(room, bob.id()).await.unwrap();
    post(&ann, room, "without bob").await;
    ann.api.remove_participant(room, cat.id()).await.unwrap();
    post(&ann, room, "without cat").await;

    for device in [&anns, &dans] {
        device.wait_event(room, 8).await;
    }
    bobs.wait_user("room.removed").await;
    let removed = cats.wait_user("room.removed").await;
    assert!(
        matches!(removed.body(), UserEventBody::RoomRemoved(removed) if removed.leave_seq == 7)
    );
    assert_eq!(
        texts(&anns.messages(room)),
        ["before dan", "dan is here", "without bob", "without cat"]
    );
    assert_eq!(
        texts(&dans.messages(room)),
        ["dan is here", "without bob", "without cat"]
    );
    assert_eq!(texts(&bobs.messages(room)), ["before dan", "dan is here"]);
    assert_eq!(
        texts(&cats.messages(room)),
        ["before dan", "dan is here", "without bob"]
    );
    assert_eq!(bobs.events(room).last().unwrap().kind, "participant.left");

    let history = dan.api.messages(room, Window::Newest, None).await.unwrap();
    assert_eq!(
        texts(&history.items),
        ["dan is here", "without bob", "without cat"]
    );
    assert!(
        !history.has_before,
        "what came before is not there for them"
    );
    let log = dan.api.events(room, 0, None).await.unwrap();
    assert_eq!((log.from_seq, log.events[0].seq, log.last_seq), (3, 3, 8));
    for gone in [&bob, &cat] {
        assert_eq!(
            gone.api.room(room).await.unwrap_err().code(),
            Some("not_found")
        );
        assert_eq!(
            gone.api
                .messages(room, Window::Newest, None)
                .await
                .unwrap_err()
                .code(),
            Some("not_found")
        );
        assert_eq!(
            gone.api.events(room, 0, None).await.unwrap_err().code(),
            Some("not_found")
        );
    }
    assert_eq!(
        bobs.send(room, "after I left").await.unwrap_err().code(),
        Some("not_found")
    );

    ann.api.add_participants(room, &[bob.id()]).await.unwrap();
    post(&ann, room, "bob is back").await;
    bobs.wait_event(room, 10).await;
    let history = bob.api.messages(room, Window::Newest, None).await.unwrap();
    assert_eq!(
        texts(&history.items),
        ["bob is back"],
        "the current stay counts"
    );
    for device in [anns, bobs, cats, dans] {
        device.assert_sound();
    }
}

#[tokio::test]
async fn roles_decide_and_a_group_keeps_an_owner() {
    let node = Node::start().await;
    let people = Person::sign_up_all(&node, ["ann", "bob", "cat"]).await;
    let group = group("Climbing", &people).await;
    let [ann, bob, cat] = people;
    let (room, bobs) = (group.id(), bob.device().await);
    assert_eq!(group.room.role, "owner");

    let forbidden = [
        bob.api
            .remove_participant(room, cat.id())
            .await
            .unwrap_err(),
        bob.api.set_role(room, bob.id(), "owner").await.unwrap_err(),
        bob.api
            .update_room(
                room,
                &RoomChange {
                    name: Some("Mine".to_owned()),
                },
            )
            .await
            .unwrap_err(),
    ];
    assert!(
        forbidden
            .iter()
            .all(|error| (error.status(), error.code()) == (Some(403), Some("forbidden")))
    );
    let stays = ann
        .api
        .remove_participant(room, ann.id())
        .await
        .unwrap_err();
    assert_eq!(
        (stays.status(), stays.code()),
        (Some(409), Some("last_owner"))
    );
    let stays = ann
        .api
        .set_role(room, ann.id(), "member")
        .await
        .unwrap_err();
    assert_eq!(stays.code(), Some("last_owner"));

    assert_eq!(
        ann.api
            .set_role(room, bob.id(), "owner")
            .await
            .unwrap()
            .role,
        "owner"
    );
    let role = bobs.wait_event(room, 2).await;
    assert!(matches!(role.body(), EventBody::ParticipantRole(role) if role.role == "owner"));
    ann.api.remove_participant(room, ann.id()).await.unwrap();
    let renamed = bob
        .api
        .update_room(
            room,
            &RoomChange {
                name: Some("Bouldering".to_owned()),
            },
        )
        .await
        .unwrap();
    assert_eq!(
        (renamed.name.as_deref(), renamed.participant_count),
        (Some("Bouldering"), 2)
    );
    assert_eq!(bobs.wait_event(room, 4).await.kind, "room.updated");
    bobs.assert_sound();
}

#[tokio::test]
async fn making_a_group_twice_with_one_client_id_makes_one() {
    let node = Node::start().await;
    let [ann, bob] = Person::sign_up_all(&node, ["ann", "bob"]).await;
    bob.open_up().await;
    let body = NewGroup {
        name: "Climbing".to_owned(),
        participant_ids: vec![bob.id()],
        client_id: Some("once".to_owned()),
    };

    let (first, second) = tokio::join!(ann.api.create_group(&body), ann.api.create_group(&body));

    assert_eq!(first.unwrap().id, second.unwrap().id);
}
