//! Coming back: what was missed arrives once and in order, or the device is told what to page.

use futures::future::join_all;
use kith_e2e::{DEADLINE, Device, Node, Person, befriend, direct_room, eventually, group, post};
use kith_sdk::{
    model::ServerFrame,
    socket::{Hello, Upgrade},
    sync::Resume,
};

#[tokio::test]
async fn a_device_resumes_where_it_left() {
    let node = Node::start().await;
    let [ann, bob, cat] = Person::sign_up_all(&node, ["ann", "bob", "cat"]).await;
    befriend(&ann, &bob).await;
    let direct = direct_room(&ann, &bob).await.id;
    let former = group("Former", &[ann.clone(), bob.clone()]).await.id();
    let away = bob.device().await;
    post(&ann, direct, "one").await;
    away.wait_event(direct, 2).await;
    away.disconnect().await;
    away.assert_sound();

    post(&ann, direct, "two").await;
    post(&ann, former, "still with bob").await;
    ann.api.remove_participant(former, bob.id()).await.unwrap();
    post(&ann, former, "without bob").await;
    let fresh = group("Fresh", &[ann.clone(), bob.clone()]).await.id();
    post(&ann, fresh, "welcome").await;
    cat.api.request_friend(bob.id(), None).await.unwrap();

    let back = Device::resume(&bob.api, bob.token(), &away).await;
    let resumed = back.wait_resumed().await;
    assert!(resumed.too_long.is_empty() && !resumed.user_too_long);
    assert_eq!(back.messages(direct).len(), 1, "only what was missed");
    assert_eq!(
        back.events(former)
            .iter()
            .map(|e| e.kind.as_str())
            .collect::<Vec<_>>(),
        ["message.created", "participant.left"]
    );
    assert_eq!(back.events(fresh).len(), 2, "from its beginning");
    // It reaches bob's log a moment after the request was answered: replayed or live.
    eventually("bob hears of the request", async || {
        back.frames()
            .iter()
            .any(|frame| matches!(frame, ServerFrame::User(e) if e.kind == "friend.requested"))
            .then_some(())
    })
    .await;
    back.assert_sound();

    let in_one_piece = bob.api.sync(&away.cursors()).await.unwrap();
    let mut by_sync: Vec<_> = in_one_piece
        .events
        .iter()
        .map(|event| (event.room_id, event.seq))
        .collect();
    let mut by_socket: Vec<_> = [direct, former, fresh]
        .into_iter()
        .flat_map(|room| back.events(room))
        .map(|event| (event.room_id, event.seq))
        .collect();
    by_sync.sort_unstable();
    by_socket.sort_unstable();
    assert_eq!(by_sync, by_socket, "the one-piece answer says the same");
    assert!(in_one_piece.useq >= resumed.useq);
    assert_eq!(in_one_piece.heads[&fresh], 2);

    post(&ann, direct, "live again").await;
    back.wait_event(direct, 4).await;
    back.disconnect().await;
    let again = Device::resume(&bob.api, bob.token(), &back).await;
    again.wait_resumed().await;
    assert!(again.events(direct).is_empty(), "nothing was missed");
    again.assert_sound();
}

#[tokio::test]
async fn a_long_absence_is_told_and_not_replayed() {
    let node = Node::start().await;
    let people = Person::sign_up_all(&node, ["ann", "bob"]).await;
    let room = group("Busy", &people).await.id();
    let [ann, bob] = people;
    let away = bob.device().await;
    away.disconnect().await;
    let anns = ann.device().await;
    for _ in 0..21 {
        join_all((0..50).map(|n| anns.send(room, if n % 2 == 0 { "tick" } else { "tock" }))).await;
    }

    let back = Device::resume(&bob.api, bob.token(), &away).await;
    let resumed = back.wait_resumed().await;

    assert_eq!(resumed.too_long.len(), 1);
    assert_eq!(
        (resumed.too_long[0].room_id, resumed.too_long[0].last_seq),
        (room, 1051)
    );
    assert!(back.events(room).is_empty());
    post(&ann, room, "live again").await;
    back.wait_event(room, 1052).await;
    back.assert_sound();
    let page = back.link.fetch(room, 40, Some(1000)).await.unwrap();
    assert_eq!(
        (page.events.len(), page.events[0].seq, page.last_seq),
        (1000, 41, 1052)
    );
    let sync = bob.api.sync(&away.cursors()).await.unwrap();
    assert_eq!((sync.too_long.len(), sync.events.len()), (1, 0));
}

#[tokio::test]
async fn cursors_that_cannot_be_are_refused_and_the_session_goes_on() {
    let node = Node::start().await;
    let people = Person::sign_up_all(&node, ["ann", "bob"]).await;
    let room = group("Any", &people).await.id();
    let [ann, bob] = people;
    let good = bob.device().await.cursors();
    let wrong = [
        Resume {
            epoch: good.epoch + 1,
            ..good.clone()
        },
        Resume {
            useq: good.useq + 1_000,
            ..good.clone()
        },
        Resume {
            rooms: [(room, 1_000)].into(),
            ..good
        },
    ];

    let mut seq = 1;
    for resume in wrong {
        assert_eq!(
            bob.api.sync(&resume).await.unwrap_err().code(),
            Some("cursor_invalid")
        );
        let hello = Hello::with_token(bob.token()).resuming(Some(resume));
        let device = Device::connect_with(&bob.api.socket_url(), Upgrade::default(), &hello).await;

        device
            .wait("err cursor_invalid", |frames| {
                let invalid = |frame: &ServerFrame| matches!(frame, ServerFrame::Err(e) if e.code == "cursor_invalid");
                frames.iter().any(invalid).then_some(())
            })
            .await;

        post(&ann, room, "and on").await;
        seq += 1;
        device.wait_event(room, seq).await;
        device.link.ping().await.unwrap();
        assert!(
            !device
                .frames()
                .iter()
                .any(|frame| matches!(frame, ServerFrame::Resumed(_))),
            "all or nothing"
        );
    }
}

#[tokio::test]
async fn when_the_epoch_is_bumped_every_device_starts_afresh_and_misses_nothing() {
    let node = Node::start().await;
    let people = Person::sign_up_all(&node, ["ann", "bob"]).await;
    let room = group("Restored", &people).await.id();
    let [ann, bob] = people;
    let devices = [ann.device().await, bob.device().await];
    let before = post(&ann, room, "before").await.seq;
    for device in &devices {
        device.wait_event(room, before).await;
    }

    node.operate(&["epoch", "bump"]).await;

    for device in &devices {
        assert_eq!(device.wait_closed(DEADLINE).await.code, Some(4000));
    }
    let back = Device::resume(&bob.api, bob.token(), &devices[1]).await;
    back.wait("err cursor_invalid", |frames| {
        let invalid =
            |frame: &ServerFrame| matches!(frame, ServerFrame::Err(e) if e.code == "cursor_invalid");
        frames.iter().any(invalid).then_some(())
    })
    .await;
    let afresh = bob.device().await;
    assert!(afresh.cursors().epoch > devices[1].cursors().epoch);
    let after = post(&ann, room, "after").await.seq;
    back.wait_event(room, after).await;
    afresh.wait_event(room, after).await;
    assert!(bob.api.sync(&afresh.cursors()).await.is_ok());
    let of_before = bob.api.sync(&devices[1].cursors()).await.unwrap_err();
    assert_eq!(of_before.code(), Some("cursor_invalid"));
}

#[tokio::test]
async fn cursors_of_somebody_elses_rooms_give_nothing() {
    let node = Node::start().await;
    let people = Person::sign_up_all(&node, ["ann", "bob", "eve"]).await;
    let room = group("Secret", &people[..2]).await.id();
    let [ann, _, eve] = people;
    post(&ann, room, "secret").await;
    let resume = Resume {
        rooms: [(room, 0)].into(),
        ..eve.device().await.cursors()
    };

    let in_one_piece = eve.api.sync(&resume).await.unwrap();
    let hello = Hello::with_token(eve.token()).resuming(Some(resume));
    let device = Device::connect_with(&eve.api.socket_url(), Upgrade::default(), &hello).await;
    let resumed = device.wait_resumed().await;
    post(&ann, room, "secret too").await;
    device.link.ping().await.unwrap();

    assert!(in_one_piece.events.is_empty() && !in_one_piece.heads.contains_key(&room));
    assert!(in_one_piece.too_long.is_empty() && resumed.too_long.is_empty());
    assert!(device.events(room).is_empty() && !device.ready.rooms.contains_key(&room));
}
