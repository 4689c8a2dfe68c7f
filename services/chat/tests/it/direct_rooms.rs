//! Direct rooms: one per pair, whoever opens it and how often, and never past what friends says.

use futures::future::join_all;
use kith_api::chat::v1::{
    CreateDirectChatRoomRequest, CreateDirectChatRoomResponse, Role, RoomKind, room_event::Body,
    user_event_body::Body as UserBody,
};
use kith_error::Reason;
use kith_ids::UserId;
use tonic::Status;

use crate::world::{World, refusal};

async fn open(
    world: &World,
    from: UserId,
    to: UserId,
) -> Result<CreateDirectChatRoomResponse, Status> {
    let request = CreateDirectChatRoomRequest {
        user_id: to.to_string(),
    };
    let answer = world.chat(from).create_direct_chat_room(request).await?;
    Ok(answer.into_inner())
}

#[tokio::test]
async fn a_direct_room_begins_with_its_two_founders_at_seq_1() {
    let world = World::new().await;
    let [a, b] = world.users();

    let opened = open(&world, a, b).await.unwrap();

    let room = opened.room.unwrap();
    assert!(opened.created);
    assert_eq!(room.kind(), RoomKind::Direct);
    assert_eq!(
        (room.name.as_deref(), room.last_seq, room.joined_seq),
        (None, 1, 1)
    );
    assert_eq!((room.participant_count, room.role()), (2, Role::Member));
    let log = world.room_log(&room.room_id).await;
    assert_eq!(log.len(), 1);
    let Some(Body::RoomCreated(created)) = &log[0].body else {
        panic!("{log:?}")
    };
    assert_eq!((log[0].seq, created.participants.len()), (1, 2));
    for user in [a, b] {
        let log = world.user_log(user).await;
        let bodies: Vec<_> = log
            .iter()
            .map(|event| event.body.clone().unwrap().body)
            .collect();
        let [Some(UserBody::RoomAdded(added))] = bodies.as_slice() else {
            panic!("{bodies:?}")
        };
        assert_eq!((log[0].useq, &added.room_id), (1, &room.room_id));
    }
}

#[tokio::test]
async fn opening_again_from_either_side_gives_the_same_room() {
    let world = World::new().await;
    let [a, b] = world.users();
    let first = open(&world, a, b).await.unwrap();

    let again = open(&world, b, a).await.unwrap();

    assert!(first.created && !again.created);
    assert_eq!(first.room.unwrap().room_id, again.room.unwrap().room_id);
}

#[tokio::test]
async fn both_opening_at_once_make_one_room() {
    let world = World::new().await;
    for _ in 0..5 {
        let [a, b] = world.users();

        let calls = (0..6).map(|nth| {
            if nth % 2 == 0 {
                open(&world, a, b)
            } else {
                open(&world, b, a)
            }
        });
        let answers: Vec<_> = join_all(calls)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();

        let mut rooms: Vec<_> = answers
            .iter()
            .map(|answer| &answer.room.as_ref().unwrap().room_id)
            .collect();
        rooms.dedup();
        assert_eq!(rooms.len(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.created).count(), 1);
        assert_eq!(world.user_log(a).await.len(), 1);
    }
}

#[tokio::test]
async fn nobody_opens_a_room_with_themselves_a_stranger_to_accounts_or_a_bad_id() {
    let world = World::new().await;
    let [a] = world.users();
    let unknown: UserId = world.clock.new_id().into();
    let bad = CreateDirectChatRoomRequest {
        user_id: "../etc".to_owned(),
    };

    let oneself = refusal(open(&world, a, a).await);
    let nobody = refusal(open(&world, a, unknown).await);
    let no_id = refusal(world.chat(a).create_direct_chat_room(bad).await);

    assert_eq!(
        [oneself, nobody, no_id],
        [
            Reason::CannotTargetSelf,
            Reason::NotFound,
            Reason::InvalidField
        ]
    );
}

#[tokio::test]
async fn a_block_refuses_the_opening_also_of_an_existing_room_and_both_ways() {
    let world = World::new().await;
    let [a, b, c] = world.users();
    world.direct(a, b).await;
    let pair = world.siblings.set_blocked(a, b, true);
    world.siblings.set_blocked(a, c, true);
    world.apply_pairs(vec![pair]).await;

    for (from, to) in [(a, b), (b, a), (a, c), (c, a)] {
        assert_eq!(
            refusal(open(&world, from, to).await),
            Reason::NotAllowedByPrivacy
        );
    }
}

#[tokio::test]
async fn an_answer_older_than_the_known_pair_is_asked_for_again() {
    let world = World::new().await;
    let [a, b] = world.users();
    let old = world.siblings.pair(a, b);
    let blocked = world.siblings.set_blocked(a, b, true);
    world.apply_pairs(vec![blocked]).await;
    world.siblings.answer_stale(old);

    let answer = open(&world, a, b).await;

    assert_eq!(refusal(answer), Reason::NotAllowedByPrivacy);
    assert_eq!(world.siblings.pair_asked(), 2);
}

#[tokio::test]
async fn a_block_that_is_applied_while_a_room_is_opened_holds_afterwards() {
    let world = World::new().await;
    for _ in 0..5 {
        let [a, b] = world.users();
        let old = world.siblings.pair(a, b);
        world.siblings.answer_stale(old);
        let blocked = world.siblings.set_blocked(a, b, true);

        let (opened, ()) = tokio::join!(open(&world, a, b), world.apply_pairs(vec![blocked]));

        if let Ok(opened) = opened {
            let room = opened.room.unwrap().room_id;
            let sent = world.try_send(a, &room, "still?").await;
            assert_eq!(refusal(sent), Reason::NotAllowedByPrivacy);
        }
    }
}

#[tokio::test]
async fn older_versions_of_a_pair_change_nothing() {
    let world = World::new().await;
    let [a, b] = world.users();
    let room = world.direct(a, b).await.room_id;
    let old = world.siblings.pair(a, b);
    let blocked = world.siblings.set_blocked(a, b, true);
    let mut newest = world.siblings.set_blocked(a, b, false);

    world.apply_pairs(vec![newest.clone()]).await;
    world.apply_pairs(vec![blocked.clone(), old]).await;

    world.send(a, &room, "still open").await;
    newest.version += 1;
    newest.lo_may_message_hi = false;
    world.apply_pairs(vec![blocked, newest]).await;
    let (lo, hi) = (a.min(b), a.max(b));
    assert_eq!(
        refusal(world.try_send(lo, &room, "no").await),
        Reason::NotAllowedByPrivacy
    );
    world.send(hi, &room, "one way").await;
}

#[tokio::test]
async fn old_messages_stay_readable_across_a_block() {
    let world = World::new().await;
    let [a, b] = world.users();
    let room = world.direct(a, b).await.room_id;
    world.send(a, &room, "before").await;
    let pair = world.siblings.set_blocked(a, b, true);

    world.apply_pairs(vec![pair]).await;

    for user in [a, b] {
        let seen = world.room(user, &room).await.unwrap();
        assert_eq!(seen.last_message.unwrap().text, "before");
        assert_eq!(
            refusal(world.try_send(user, &room, "x").await),
            Reason::NotAllowedByPrivacy
        );
    }
}

#[tokio::test]
async fn sends_that_commit_after_a_block_was_applied_are_refused() {
    let world = World::new().await;
    let [a, b] = world.users();
    let room = world.direct(a, b).await.room_id;
    let blocked = world.siblings.set_blocked(a, b, true);

    let sends = join_all((0..20).map(|_| world.try_send(a, &room, "race")));
    let (sent, ()) = tokio::join!(sends, world.apply_pairs(vec![blocked]));

    let accepted = sent.iter().filter(|answer| answer.is_ok()).count() as u64;
    assert_eq!(world.room(a, &room).await.unwrap().last_seq, 1 + accepted);
    assert_eq!(
        refusal(world.try_send(a, &room, "after").await),
        Reason::NotAllowedByPrivacy
    );
}
