//! Blocks reach a conversation at once, on all nodes.

use std::time::Duration;

use kith_e2e::{
    Device, Node, Person, Postgres, Redis, Settings, befriend, direct_room, group, post, within,
};
use kith_sdk::{
    model::{RoomId, ServerFrame, UserId},
    outbox::fresh_client_id,
    rest::{MessagePost, NewGroup, Paging, Requested, Window},
};

const AT_ONCE: Duration = Duration::from_secs(1);

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

/// What a device was told live of somebody: `online`, `offline`, and in a room `typing` and `read`.
fn told(frames: &[ServerFrame], room: RoomId, user: UserId) -> Vec<String> {
    let word = |frame: &ServerFrame| match frame {
        ServerFrame::Presence(one) if one.user_id == Some(user) => Some(one.status.clone()),
        ServerFrame::Typing(one)
            if (one.room_id, one.user_id, one.active) == (room, user, true) =>
        {
            Some("typing".to_owned())
        }
        ServerFrame::Receipt(one)
            if (one.room_id, one.user_id) == (room, user) && one.read_seq.is_some() =>
        {
            Some("read".to_owned())
        }
        _ => None,
    };
    frames.iter().filter_map(word).collect()
}

/// Writes, reads and changes how one looks.
async fn stir(device: &Device, room: RoomId, seq: u64, status: &str) {
    device.link.typing(room, true).unwrap();
    device.link.read(room, seq).await.unwrap();
    device.link.status(status).await.unwrap();
}

async fn wait_told(device: &Device, room: RoomId, user: UserId, what: [&str; 3]) {
    device
        .wait("typing, receipt and status", |frames| {
            let told = told(frames, room, user);
            what.iter()
                .all(|word| told.iter().any(|one| one == word))
                .then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_block_at_one_node_ends_all_that_is_live_between_the_two_at_the_other() {
    let (postgres, redis) = (Postgres::start().await, Redis::start().await);
    let settings = || {
        Settings::default()
            .with_postgres(&postgres.url())
            .with_redis(&redis.url())
            .with("KITH__PRESENCE__COALESCE", "300ms")
    };
    let here = Node::start_with(settings()).await;
    let there = Node::start_with(settings()).await;
    let [ann, cat] = Person::sign_up_all(&here, ["ann", "cat"]).await;
    let bob = Person::sign_up(&there, "bob").await;
    for (one, other) in [(&ann, &bob), (&ann, &cat), (&bob, &cat)] {
        befriend(one, other).await;
    }
    let people = [ann.clone(), bob.clone(), cat.clone()];
    let (before, after) = (
        group("Before", &people).await,
        group("After", &people).await,
    );
    let (before, after) = (before.id(), after.id());
    let direct = direct_room(&ann, &bob).await.id;
    let (anns, bobs) = (ann.device().await, bob.device().await);
    // Cat is a witness at each node.
    let cats = [cat.device().await, cat.at(&there).device().await];
    let everybody = [ann.id(), bob.id()];
    for device in [&anns, &bobs, &cats[0], &cats[1]] {
        device.link.watch(&everybody).await.unwrap();
    }
    let first = [
        post(&cat, before, "one").await,
        post(&cat, after, "two").await,
    ];
    for (writer, reader, who) in [(&anns, &bobs, ann.id()), (&bobs, &anns, bob.id())] {
        stir(writer, before, first[0].seq, "away").await;
        wait_told(reader, before, who, ["typing", "read", "away"]).await;
    }

    ann.api.block(bob.id()).await.unwrap();

    // What lasts holds at the other node as soon as that is answered.
    holds_for(&ann.at(&there), &bob, direct, "blocked").await;
    holds_for(&bob, &ann, direct, "none").await;
    let offline = async |device: &Device, user| {
        device
            .wait("the other one looks gone", |frames| {
                let last = told(frames, after, user).pop()?;
                (last == "offline").then_some(())
            })
            .await;
    };
    within(AT_ONCE, "ann does not see bob", offline(&anns, bob.id())).await;
    within(AT_ONCE, "bob does not see ann", offline(&bobs, ann.id())).await;
    for device in [&anns, &bobs] {
        stir(device, after, first[1].seq, "online").await;
    }
    for device in &cats {
        for user in everybody {
            wait_told(device, after, user, ["typing", "read", "online"]).await;
        }
    }
    // Told after all that, and to everybody.
    let last = post(&cat, after, "that was it").await;
    for (device, other) in [(&anns, bob.id()), (&bobs, ann.id())] {
        device.wait_event(after, last.seq).await;
        let told = told(&device.frames(), after, other);
        assert_eq!(told.last().map(String::as_str), Some("offline"), "{told:?}");
        assert!(
            !told.iter().any(|word| word == "typing" || word == "read"),
            "{told:?}"
        );
        device.assert_sound();
    }
}

/// What a block means for somebody who meets the other one, wherever they ask.
async fn holds_for(person: &Person, other: &Person, direct: RoomId, relation: &str) {
    let api = &person.api;
    let everything = Paging::default();
    assert_eq!(api.user(other.id()).await.unwrap().relation, relation);
    let friends = api.friends(None, &everything).await.unwrap().items;
    assert!(friends.iter().all(|friend| friend.user.id != other.id()));
    let found = api
        .search_users(&other.username, &everything)
        .await
        .unwrap();
    assert!(found.items.iter().all(|user| user.id != other.id()));
    let suggested = api.suggestions(&everything).await.unwrap().items;
    assert!(suggested.iter().all(|one| one.user.id != other.id()));
    let message = MessagePost {
        client_id: fresh_client_id(),
        text: "hello".to_owned(),
        reply_to: None,
    };
    let written = api.post_message(direct, &message).await.unwrap_err();
    assert_eq!(written.code(), Some("not_allowed_by_privacy"));
    let invitation = NewGroup {
        name: "A way around".to_owned(),
        participant_ids: vec![other.id()],
        client_id: None,
    };
    let invited = api.create_group(&invitation).await.unwrap_err();
    assert_eq!(invited.code(), Some("not_allowed_by_privacy"));
}
