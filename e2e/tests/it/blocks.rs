//! Blocks reach a conversation at once.

use kith_e2e::{Node, Person, befriend, direct_room, post};
use kith_sdk::{
    outbox::fresh_client_id,
    rest::{MessagePost, NewGroup, Paging, Requested, Window},
};

#[tokio::test]
async fn a_block_stops_a_direct_room_at_once_and_tells_nothing() {
    let node = Node::start().await;
    let [ann, bob, cat] = Person::sign_up_all(&node, ["ann", "bob", "cat"]).await;
    befriend(&ann, &bob).await;
    let room = direct_room(&ann, &bob).await.id;
    let (anns, bobs) = (ann.device().await, bob.device().await);
    post(&bob, room, "before").await;

    ann.api.block(bob.id()).await.unwrap();

    let by_rest = MessagePost {
        client_id: fresh_client_id(),
        text: "after".to_owned(),
        reply_to: None,
    };
    let refused = bob.api.post_message(room, &by_rest).await.unwrap_err();
    assert_eq!(
        (refused.status(), refused.code()),
        (Some(403), Some("not_allowed_by_privacy"))
    );
    assert_eq!(
        bobs.send(room, "after").await.unwrap_err().code(),
        Some("not_allowed_by_privacy")
    );
    assert_eq!(
        anns.send(room, "after").await.unwrap_err().code(),
        Some("not_allowed_by_privacy")
    );
    let stranger = cat.api.direct_room(ann.id()).await.unwrap_err();
    let blocked = bob.api.direct_room(ann.id()).await.unwrap_err();
    assert_eq!(
        (
            blocked.status(),
            blocked.code(),
            &blocked.problem().unwrap().detail
        ),
        (
            stranger.status(),
            stranger.code(),
            &stranger.problem().unwrap().detail
        ),
        "a block answers like a privacy setting"
    );
    let invited = bob
        .api
        .create_group(&NewGroup {
            name: "A way around".to_owned(),
            participant_ids: vec![ann.id()],
            client_id: None,
        })
        .await
        .unwrap_err();
    assert_eq!(invited.code(), Some("not_allowed_by_privacy"));

    for person in [&ann, &bob] {
        let history = person
            .api
            .messages(room, Window::Newest, None)
            .await
            .unwrap();
        assert_eq!(
            history.items.len(),
            1,
            "old messages stay readable, and nothing got in"
        );
    }
    assert_eq!(bob.api.user(ann.id()).await.unwrap().relation, "none");
    assert_eq!(ann.api.user(bob.id()).await.unwrap().relation, "blocked");
    assert_eq!(
        ann.api.blocked(&Paging::default()).await.unwrap().items[0]
            .user
            .id,
        bob.id()
    );
    anns.wait_user("block.added").await;
    assert!(
        matches!(
            bob.api.request_friend(ann.id(), None).await.unwrap(),
            Requested::Pending(_)
        ),
        "like a normal one"
    );
    assert!(
        ann.api
            .friend_requests(None, &Paging::default())
            .await
            .unwrap()
            .items
            .is_empty(),
        "that goes nowhere"
    );
    assert_eq!(
        ann.api
            .request_friend(bob.id(), None)
            .await
            .unwrap_err()
            .code(),
        Some("forbidden")
    );

    ann.api.unblock(bob.id()).await.unwrap();
    assert!(
        ann.api
            .friend_requests(None, &Paging::default())
            .await
            .unwrap()
            .items
            .is_empty(),
        "not even later"
    );
    anns.assert_sound();
    bobs.assert_sound();
}
