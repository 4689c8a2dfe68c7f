//! Things that happen at the same moment have one outcome, the same for everybody.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use kith_e2e::{Device, Node, Person, befriend, direct_room, group, post};
use kith_sdk::{
    model::{Event, Message, RoomId, UserEventBody},
    outbox::fresh_client_id,
    rest::{MessagePost, Paging, Requested, Window},
};

/// The whole log above `after`, page by page.
async fn whole_log(person: &Person, room: RoomId, mut after: u64) -> Vec<Event> {
    let mut log = Vec::new();
    loop {
        let page = person.api.events(room, after, Some(100)).await.unwrap();
        let Some(last) = page.events.last() else {
            return log;
        };
        after = last.seq;
        log.extend(page.events);
    }
}

#[tokio::test]
async fn nothing_of_a_kicked_member_gets_in_or_out_after_the_kick() {
    let node = Node::start().await;
    let people = Person::sign_up_all(&node, ["ann", "bob"]).await;
    let room = group("Door", &people).await.id();
    let [ann, bob] = people;
    let (anns, bobs) = (ann.device().await, bob.device().await);

    for round in 1..=8 {
        let by_socket = join_all((0..16).map(|_| bobs.send(room, "by socket")));
        let by_rest = join_all((0..8).map(|_| async {
            let post = MessagePost {
                client_id: fresh_client_id(),
                text: "by rest".to_owned(),
                reply_to: None,
            };
            bob.api.post_message(room, &post).await
        }));
        let own = join_all((0..8).map(|_| anns.send(room, "by ann")));
        let kick = ann.api.remove_participant(room, bob.id());
        let (by_socket, by_rest, own, kicked) = futures::join!(by_socket, by_rest, own, kick);
        kicked.unwrap();
        assert!(
            own.iter().all(Result::is_ok),
            "the others are not disturbed"
        );
        let removal = bobs
            .wait("the removal of this round", |frames| {
                let removals = frames.iter().filter_map(|frame| match frame {
                    kith_sdk::model::ServerFrame::User(event) => match event.body() {
                        UserEventBody::RoomRemoved(removed) => Some(removed),
                        _ => None,
                    },
                    _ => None,
                });
                removals.collect::<Vec<_>>().get(round - 1).cloned()
            })
            .await;

        let mut accepted = Vec::new();
        for sent in by_socket {
            match sent {
                Ok(sent) => accepted.push(sent.message),
                Err(error) => assert_eq!(error.code(), Some("not_found"), "{error}"),
            }
        }
        for sent in by_rest {
            match sent {
                Ok(sent) => accepted.push(sent.message),
                Err(error) => assert_eq!(error.code(), Some("not_found"), "{error}"),
            }
        }
        assert!(
            accepted
                .iter()
                .all(|message| message.seq < removal.leave_seq),
            "accepted after the kick"
        );
        let last = post(&ann, room, "end of the round").await;
        anns.wait_event(room, last.seq).await;
        let from_bob = anns
            .messages(room)
            .into_iter()
            .filter(|m| m.sender_id == bob.id() && m.seq > removal.leave_seq);
        assert_eq!(from_bob.count(), 0, "delivered from the kicked");
        let heard = bobs
            .events(room)
            .into_iter()
            .map(|event| event.seq)
            .max()
            .unwrap();
        assert_eq!(heard, removal.leave_seq, "delivered to the kicked");

        ann.api.add_participants(room, &[bob.id()]).await.unwrap();
        bobs.wait_event(room, last.seq + 1).await;
    }
    anns.assert_sound();
    bobs.assert_sound();
}

#[tokio::test]
async fn a_hundred_parallel_retries_are_one_message() {
    let node = Node::start().await;
    let people = Person::sign_up_all(&node, ["ann", "bob"]).await;
    let room = group("Once", &people).await.id();
    let [ann, bob] = people;
    let (anns, anns_other, bobs) = (ann.device().await, ann.device().await, bob.device().await);
    let same = MessagePost {
        client_id: "the same".to_owned(),
        text: "once".to_owned(),
        reply_to: None,
    };

    let by_rest =
        join_all((0..50).map(|_| async { ann.api.post_message(room, &same).await.unwrap() }));
    let by_socket = join_all((0..50).map(|n| {
        let link = if n % 2 == 0 {
            &anns.link
        } else {
            &anns_other.link
        };
        async { link.send(room, &same).await.unwrap() }
    }));
    let (by_rest, by_socket) = futures::join!(by_rest, by_socket);

    let replies: Vec<_> = by_rest.into_iter().chain(by_socket).collect();
    assert_eq!(
        replies.iter().filter(|reply| !reply.duplicate).count(),
        1,
        "one of them made it"
    );
    assert!(
        replies
            .iter()
            .all(|reply| reply.message == replies[0].message),
        "all replies are equal"
    );
    assert_eq!(replies[0].message.seq, 2);

    let other = MessagePost {
        text: "twice".to_owned(),
        ..same.clone()
    };
    let refused = ann.api.post_message(room, &other).await.unwrap_err();
    assert_eq!(
        (refused.status(), refused.code()),
        (Some(409), Some("client_id_reused"))
    );
    assert_eq!(
        anns.link.send(room, &other).await.unwrap_err().code(),
        Some("client_id_reused")
    );
    let bobs_own = bob.api.post_message(room, &same).await.unwrap();
    assert!(!bobs_own.duplicate, "a client_id is unique per sender");
    bobs.wait_event(room, 3).await;
    assert_eq!(bobs.messages(room).len(), 2);

    ann.api.set_role(room, bob.id(), "owner").await.unwrap();
    bob.api.remove_participant(room, ann.id()).await.unwrap();
    let after_the_kick = ann.api.post_message(room, &same).await.unwrap();
    assert!(after_the_kick.duplicate);
    assert_eq!(
        after_the_kick.message, replies[0].message,
        "a retry gets the first answer, whatever one's rights are now"
    );
    bobs.assert_sound();
}

#[tokio::test]
async fn fifty_parallel_senders_make_one_gapless_order() {
    const SENDERS: usize = 50;
    const EACH: usize = 6;
    let node = Node::start().await;
    let people = Person::sign_up_crowd(&node, "person", SENDERS).await;
    let room = group("Choir", &people).await.id();
    let devices: Vec<Device> = join_all(people.iter().map(Person::device)).await;

    let singing = people
        .iter()
        .zip(&devices)
        .enumerate()
        .map(|(n, (person, device))| async move {
            let mut own = Vec::new();
            for verse in 0..EACH {
                let text = format!("{n} {verse}");
                own.push(if (n + verse) % 3 == 0 {
                    post(person, room, &text).await
                } else {
                    device.send(room, &text).await.unwrap().message
                });
            }
            own
        });
    let sent: Vec<Vec<Message>> = join_all(singing).await;

    let last = 1 + (SENDERS * EACH) as u64;
    for own in &sent {
        assert!(
            own.is_sorted_by_key(|message| message.seq),
            "one sender's messages keep their order"
        );
        assert!(own.is_sorted_by_key(|message| message.created_at));
    }
    let acknowledged: BTreeMap<_, _> = sent
        .iter()
        .flatten()
        .map(|m| (m.seq, (m.id, m.text.clone())))
        .collect();
    assert_eq!(
        acknowledged.keys().copied().collect::<Vec<_>>(),
        (2..=last).collect::<Vec<_>>(),
        "without gaps"
    );
    let log: BTreeMap<_, _> = whole_log(&people[0], room, 1)
        .await
        .iter()
        .map(|event| (event.seq, event.message().map(|m| (m.id, m.text)).unwrap()))
        .collect();
    assert_eq!(log, acknowledged, "equal in the log");
    for device in &devices {
        device.wait_event(room, last).await;
        let heard: BTreeMap<_, _> = device
            .messages(room)
            .into_iter()
            .map(|m| (m.seq, (m.id, m.text)))
            .collect();
        assert_eq!(heard, acknowledged, "equal on every socket");
        device.assert_sound();
    }
    let mut paged = BTreeMap::new();
    let mut before = Window::Newest;
    loop {
        let page = people[1]
            .api
            .messages(room, before, Some(100))
            .await
            .unwrap();
        before = Window::Before(page.items[0].seq);
        paged.extend(page.items.into_iter().map(|m| (m.seq, (m.id, m.text))));
        if !page.has_before {
            break;
        }
    }
    assert_eq!(paged, acknowledged, "equal over REST");
}

#[tokio::test]
async fn a_direct_room_opened_by_both_at_once_is_one() {
    let node = Node::start().await;
    let people = Person::sign_up_crowd(&node, "person", 12).await;

    for pair in people.chunks(2) {
        befriend(&pair[0], &pair[1]).await;
        let rooms = join_all((0..6).map(|n| direct_room(&pair[n % 2], &pair[(n + 1) % 2]))).await;

        let ids: BTreeSet<_> = rooms.iter().map(|room| room.id).collect();
        assert_eq!(ids.len(), 1);
        for person in pair {
            assert_eq!(
                person
                    .api
                    .rooms(&Paging::default())
                    .await
                    .unwrap()
                    .items
                    .len(),
                1
            );
        }
        assert_eq!(
            whole_log(&pair[0], rooms[0].id, 0).await.len(),
            1,
            "one room.created"
        );
    }
}

#[tokio::test]
async fn crossed_friend_requests_make_one_friendship() {
    let node = Node::start().await;
    let people = Person::sign_up_crowd(&node, "person", 12).await;

    for pair in people.chunks(2) {
        let (one, other) = futures::join!(
            pair[0].api.request_friend(pair[1].id(), None),
            pair[1].api.request_friend(pair[0].id(), None)
        );

        let accepted = [&one, &other]
            .into_iter()
            .filter(|answer| matches!(answer, Ok(Requested::Accepted(_))))
            .count();
        assert_eq!(accepted, 1, "{one:?} {other:?}");
        for person in pair {
            assert_eq!(
                person
                    .api
                    .friends(None, &Paging::default())
                    .await
                    .unwrap()
                    .total,
                1
            );
            assert!(
                person
                    .api
                    .friend_requests(None, &Paging::default())
                    .await
                    .unwrap()
                    .items
                    .is_empty()
            );
        }
    }
}
