//! Profiles, privacy and the list of rooms, and how one's own devices agree on them.

use kith_e2e::{Node, Person, befriend, direct_room, group, post};
use kith_sdk::{
    model::{EventBody, UserEventBody},
    rest::{Paging, PrivacyChange, ProfileChange, RoomSettings},
};

#[tokio::test]
async fn a_changed_profile_reaches_everybody() {
    let node = Node::start().await;
    let [ann, bob] = Person::sign_up_all(&node, ["ann", "bob"]).await;
    befriend(&ann, &bob).await;
    let room = direct_room(&ann, &bob).await.id;
    let (phone, laptop) = (ann.device().await, ann.device().await);

    let change = ProfileChange {
        display_name: Some("Ann Marie 🧗".to_owned()),
        bio: Some("Climbs.".to_owned()),
        interests: Some(vec!["climbing".to_owned(), "tea".to_owned()]),
        locale: Some("de-CH".to_owned()),
    };
    let me = ann.api.update_me(&change).await.unwrap();

    assert_eq!(
        (me.user.display_name.as_str(), me.locale.as_deref()),
        ("Ann Marie 🧗", Some("de-CH"))
    );
    for device in [&phone, &laptop] {
        let updated = device.wait_user("profile.updated").await;
        assert!(
            matches!(updated.body(), UserEventBody::ProfileUpdated(updated) if updated.user == me.user)
        );
    }
    assert_eq!(
        bob.api.user(ann.id()).await.unwrap().interests,
        ["climbing", "tea"]
    );
    kith_e2e::eventually("the room shows the new name", async || {
        let participants = bob.api.room(room).await.unwrap().participants;
        participants
            .iter()
            .any(|participant| participant.user.display_name == "Ann Marie 🧗")
            .then_some(())
    })
    .await;
    let friends = bob
        .api
        .friends(Some("marie"), &Paging::default())
        .await
        .unwrap();
    assert_eq!(friends.items.len(), 1, "found by the new name");
    let nobody = bob
        .api
        .friends(Some("nobody"), &Paging::default())
        .await
        .unwrap();
    assert!(nobody.items.is_empty());
    phone.assert_sound();
    laptop.assert_sound();
}

#[tokio::test]
async fn privacy_holds_at_once_and_friends_end() {
    let node = Node::start().await;
    let [ann, bob, cat] = Person::sign_up_all(&node, ["ann", "bob", "cat"]).await;
    befriend(&ann, &bob).await;
    let room = direct_room(&ann, &bob).await.id;
    let (anns, bobs) = (ann.device().await, bob.device().await);

    let closed = PrivacyChange {
        direct_messages: Some("nobody".to_owned()),
        friend_requests: Some("nobody".to_owned()),
        ..PrivacyChange::default()
    };
    let privacy = ann.api.update_privacy(&closed).await.unwrap();
    assert_eq!(
        (
            privacy.direct_messages.as_str(),
            privacy.group_adds.as_str()
        ),
        ("nobody", "friends")
    );
    assert_eq!(
        bobs.send(room, "still there?").await.unwrap_err().code(),
        Some("not_allowed_by_privacy")
    );
    let refused = cat.api.request_friend(ann.id(), None).await.unwrap_err();
    assert_eq!(
        (refused.status(), refused.code()),
        (Some(403), Some("not_allowed_by_privacy"))
    );
    assert!(
        matches!(anns.wait_user("privacy.updated").await.body(), UserEventBody::PrivacyUpdated(heard) if heard == privacy)
    );

    let open = PrivacyChange {
        direct_messages: Some("friends".to_owned()),
        ..PrivacyChange::default()
    };
    ann.api.update_privacy(&open).await.unwrap();
    bobs.send(room, "there you are").await.unwrap();
    bob.api.unfriend(ann.id()).await.unwrap();
    bob.api.unfriend(ann.id()).await.unwrap();
    assert_eq!(
        bobs.send(room, "no friends any more")
            .await
            .unwrap_err()
            .code(),
        Some("not_allowed_by_privacy")
    );
    let removed = anns.wait_user("friend.removed").await;
    assert!(matches!(removed.body(), UserEventBody::Person(person) if person == bob.id()));
    assert_eq!(
        ann.api
            .friends(None, &Paging::default())
            .await
            .unwrap()
            .total,
        0
    );
    anns.assert_sound();
    bobs.assert_sound();
}

#[tokio::test]
async fn the_list_of_rooms_is_mine() {
    let node = Node::start().await;
    let [ann, bob] = Person::sign_up_all(&node, ["ann", "bob"]).await;
    befriend(&ann, &bob).await;
    let both = [ann.clone(), bob.clone()];
    let direct = direct_room(&ann, &bob).await.id;
    let climbing = group("Climbing", &both).await.id();
    let cooking = group("Cooking", &both).await.id();
    post(&bob, direct, "newest").await;
    let (phone, laptop) = (ann.device().await, ann.device().await);

    let list = ann.api.rooms(&Paging::default()).await.unwrap();
    assert_eq!(
        list.items.iter().map(|room| room.id).collect::<Vec<_>>(),
        [direct, cooking, climbing]
    );
    let first = Paging {
        limit: Some(2),
        cursor: None,
    };
    let page = ann.api.rooms(&first).await.unwrap();
    let rest = Paging {
        limit: Some(2),
        cursor: page.next_cursor,
    };
    assert_eq!(ann.api.rooms(&rest).await.unwrap().items[0].id, climbing);
    for (query, expected) in [("q=climb", climbing), ("q=bob", direct)] {
        let path = format!("/api/v1/chat/rooms/?{query}");
        let found: serde_json::Value = ann
            .api
            .request(reqwest::Method::GET, &path)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(found["items"][0]["id"], expected.to_string(), "{query}");
    }

    let settings = RoomSettings {
        pinned: Some(true),
        archived: Some(true),
        muted_until: None,
    };
    let mine = ann.api.update_my_room(cooking, &settings).await.unwrap();
    assert!(mine.pinned && mine.archived);
    for device in [&phone, &laptop] {
        let heard = device.wait_user("room.settings").await;
        assert!(
            matches!(heard.body(), UserEventBody::RoomSettings(room) if room.id == cooking && room.archived)
        );
        device.assert_sound();
    }
    assert!(!bob.api.room(cooking).await.unwrap().archived, "mine alone");
    let listed = ann.api.rooms(&Paging::default()).await.unwrap();
    assert!(
        listed.items.iter().all(|room| room.id != cooking),
        "put away"
    );
    let path = "/api/v1/chat/rooms/?archived=true";
    let archived: serde_json::Value = ann
        .api
        .request(reqwest::Method::GET, path)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(archived["items"][0]["id"], cooking.to_string());
    let founders = bob.api.events(cooking, 0, None).await.unwrap().events[0].body();
    assert!(
        matches!(founders, EventBody::RoomCreated(room) if room.name.as_deref() == Some("Cooking"))
    );
}
