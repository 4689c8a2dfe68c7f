//! The logs as people may read them: their stay, their pages, what they missed.

use std::collections::HashMap;

use kith_api::chat::v1::{
    self as wire, Cursors, GetHeadsRequest, GetRoomEventsRequest, GetRoomMessagesRequest,
    SyncRequest, SyncResponse, get_room_messages_request::Position, room_event::Body,
};
use kith_error::Reason;
use kith_ids::UserId;

use crate::world::{World, failure, fields, inner, refusal, room_id};

async fn events(
    world: &World,
    user: UserId,
    room: &str,
    after_seq: u64,
    limit: u32,
) -> Result<wire::GetRoomEventsResponse, tonic::Status> {
    let request = GetRoomEventsRequest {
        room_id: room.to_owned(),
        after_seq,
        limit,
    };
    Ok(world
        .chat(user)
        .get_room_events(request)
        .await?
        .into_inner())
}

async fn page(
    world: &World,
    user: UserId,
    room: &str,
    position: Option<Position>,
) -> (Vec<u64>, bool, bool) {
    let request = GetRoomMessagesRequest {
        room_id: room.to_owned(),
        position,
        limit: 4,
    };
    let page = inner(world.chat(user).get_room_messages(request).await);
    let seqs = page.messages.iter().map(|message| message.seq).collect();
    (seqs, page.has_before, page.has_after)
}

/// Fills a room with messages, faster than by sending them.
async fn fill(world: &World, room: &wire::Room, sender: UserId, from: i64, to: i64) {
    sqlx::query(
        "INSERT INTO chat.chat_messages (room_id, seq, id, sender_id, client_id, body_hash, text, created_at)
         SELECT $1, seq, gen_random_uuid(), $2, seq::text, '', 'hi', now()
         FROM generate_series($3, $4) AS seq",
    )
    .bind(room_id(room))
    .bind(sender)
    .bind(from)
    .bind(to)
    .execute(&world.database.pool)
    .await
    .unwrap();
    sqlx::query("UPDATE chat.chat_rooms SET last_seq = $2 WHERE id = $1")
        .bind(room_id(room))
        .bind(to)
        .execute(&world.database.pool)
        .await
        .unwrap();
}

async fn sync(world: &World, user: UserId, cursors: Cursors) -> SyncResponse {
    let request = SyncRequest {
        cursors: Some(cursors),
    };
    inner(world.chat(user).sync(request).await)
}

fn cursors(rooms: &[(&wire::Room, u64)]) -> Cursors {
    Cursors {
        epoch: 1,
        useq: 0,
        room_seqs: rooms
            .iter()
            .map(|(room, seq)| (room.room_id.clone(), *seq))
            .collect::<HashMap<_, _>>(),
    }
}

fn places(events: &[wire::RoomEvent]) -> Vec<(&str, u64)> {
    events
        .iter()
        .map(|event| (event.room_id.as_str(), event.seq))
        .collect()
}

#[tokio::test]
async fn the_log_is_the_merge_of_messages_and_everything_else() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.group(ann, &[]).await.room_id;
    world.send(ann, &room, "one").await;
    world.add(ann, &room, &[ben]).await.unwrap();
    world.send(ben, &room, "two").await;

    let log = events(&world, ann, &room, 0, 0).await.unwrap();

    let kinds: Vec<_> = log
        .events
        .iter()
        .map(|event| match event.body.as_ref().unwrap() {
            Body::RoomCreated(_) => "created",
            Body::MessageCreated(message) => &message.text,
            Body::ParticipantJoined(_) => "joined",
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, ["created", "one", "joined", "two"]);
    assert_eq!((log.from_seq, log.last_seq, log.epoch), (1, 4, 1));
    let Some(Body::MessageCreated(others)) = &log.events[3].body else {
        panic!()
    };
    assert_eq!(others.client_id, None, "a client_id is its sender's");
    let limited = events(&world, ann, &room, 1, 2).await.unwrap();
    assert_eq!(
        places(&limited.events),
        [(room.as_str(), 2), (room.as_str(), 3)]
    );
    let nothing = events(&world, ann, &room, 4, 0).await.unwrap();
    assert_eq!(
        (nothing.events.len(), nothing.from_seq, nothing.last_seq),
        (0, 5, 4)
    );
    assert!(
        events(&world, ann, &room, u64::MAX, 0)
            .await
            .unwrap()
            .events
            .is_empty()
    );
}

#[tokio::test]
async fn a_deleted_message_replays_as_a_tombstone() {
    let world = World::new().await;
    let [ann] = world.users();
    let room = world.group(ann, &[]).await.room_id;
    world.send(ann, &room, "regretted").await;
    sqlx::query("UPDATE chat.chat_messages SET text = NULL, deleted_at = now()")
        .execute(&world.database.pool)
        .await
        .unwrap();

    let log = events(&world, ann, &room, 1, 0).await.unwrap();

    let Some(Body::MessageCreated(message)) = &log.events[0].body else {
        panic!()
    };
    assert!(message.text.is_empty() && message.delete_time.is_some());
}

#[tokio::test]
async fn a_stay_bounds_what_its_owner_reads() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.group(ann, &[]).await.room_id;
    world.send(ann, &room, "before").await;
    world.add(ann, &room, &[ben]).await.unwrap();
    world.send(ann, &room, "during").await;

    let log = events(&world, ben, &room, 0, 0).await.unwrap();
    assert_eq!(log.from_seq, 3);
    assert_eq!(
        places(&log.events),
        [(room.as_str(), 3), (room.as_str(), 4)]
    );
    assert_eq!(
        page(&world, ben, &room, None).await,
        (vec![4], false, false)
    );

    world.remove(ann, &room, ben).await.unwrap();
    assert_eq!(
        refusal(events(&world, ben, &room, 0, 0).await),
        Reason::NotFound
    );
    let request = GetRoomMessagesRequest {
        room_id: room.clone(),
        ..Default::default()
    };
    assert_eq!(
        refusal(world.chat(ben).get_room_messages(request).await),
        Reason::NotFound
    );

    world.add(ann, &room, &[ben]).await.unwrap();
    let log = events(&world, ben, &room, 4, 0).await.unwrap();
    assert_eq!(
        (log.from_seq, places(&log.events)),
        (6, vec![(room.as_str(), 6)])
    );
}

#[tokio::test]
async fn messages_page_on_both_sides_of_a_place() {
    let world = World::new().await;
    let [ann] = world.users();
    let room = world.group(ann, &[]).await;
    fill(&world, &room, ann, 2, 11).await;
    let cases = [
        (None, (vec![8, 9, 10, 11], true, false)),
        (Some(Position::BeforeSeq(8)), (vec![4, 5, 6, 7], true, true)),
        (Some(Position::BeforeSeq(4)), (vec![2, 3], false, true)),
        (Some(Position::BeforeSeq(2)), (vec![], false, true)),
        (
            Some(Position::BeforeSeq(u64::MAX)),
            (vec![8, 9, 10, 11], true, false),
        ),
        (Some(Position::AfterSeq(0)), (vec![2, 3, 4, 5], false, true)),
        (
            Some(Position::AfterSeq(7)),
            (vec![8, 9, 10, 11], true, false),
        ),
        (Some(Position::AfterSeq(9)), (vec![10, 11], true, false)),
        (Some(Position::AfterSeq(u64::MAX)), (vec![], true, false)),
        (Some(Position::AroundSeq(6)), (vec![4, 5, 6, 7], true, true)),
        (
            Some(Position::AroundSeq(11)),
            (vec![8, 9, 10, 11], true, false),
        ),
        (
            Some(Position::AroundSeq(2)),
            (vec![2, 3, 4, 5], false, true),
        ),
        (
            Some(Position::AroundSeq(500)),
            (vec![8, 9, 10, 11], true, false),
        ),
    ];
    for (position, expected) in cases {
        assert_eq!(
            page(&world, ann, &room.room_id, position).await,
            expected,
            "{position:?}"
        );
    }
}

#[tokio::test]
async fn a_sync_gives_what_was_missed_and_where_everything_stands() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let stays = world.group(ann, &[ben]).await;
    let new = world.group(ann, &[ben]).await;
    let never = world.group(ann, &[]).await;
    world.send(ann, &stays.room_id, "one").await;
    world.send(ben, &stays.room_id, "two").await;

    let synced = sync(&world, ben, cursors(&[(&stays, 2), (&never, 5)])).await;

    // The room that the device is about to hear of comes from the start of the stay: after it, nothing is missing.
    let mut missed = places(&synced.events);
    missed.sort_unstable();
    let mut expected = [(stays.room_id.as_str(), 3), (new.room_id.as_str(), 1)];
    expected.sort_unstable();
    assert_eq!(missed, expected);
    let memberships: HashMap<_, _> = synced
        .memberships
        .iter()
        .map(|membership| (membership.room_id.clone(), membership.last_seq))
        .collect();
    assert_eq!(
        memberships,
        HashMap::from([(stays.room_id, 3), (new.room_id, 1)])
    );
    assert_eq!(synced.user_events.len() as u64, synced.useq);
    assert!(!synced.cursor_invalid && synced.too_long.is_empty() && !synced.user_too_long);
    let fresh = inner(world.chat(ben).sync(SyncRequest { cursors: None }).await);
    assert_eq!(
        (
            fresh.events.len(),
            fresh.user_events.len(),
            fresh.memberships.len()
        ),
        (0, 0, 2)
    );
}

#[tokio::test]
async fn a_room_left_meanwhile_replays_to_the_leave() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.group(ann, &[ben]).await;
    world.send(ann, &room.room_id, "during").await;
    world.remove(ann, &room.room_id, ben).await.unwrap();
    world.send(ann, &room.room_id, "after").await;

    let missed = sync(&world, ben, cursors(&[(&room, 1)])).await;
    let seen = sync(&world, ben, cursors(&[(&room, 3)])).await;

    assert_eq!(
        places(&missed.events),
        [(room.room_id.as_str(), 2), (room.room_id.as_str(), 3)]
    );
    assert!(matches!(
        missed.events[1].body,
        Some(Body::ParticipantLeft(_))
    ));
    assert!(missed.memberships.is_empty() && seen.events.is_empty());
}

#[tokio::test]
async fn what_is_too_long_is_named_and_a_foreign_cursor_is_invalid() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let long = world.group(ann, &[]).await;
    let short = world.group(ann, &[]).await;
    fill(&world, &long, ann, 2, 1_002).await;

    let synced = sync(&world, ann, cursors(&[(&long, 1), (&short, 0)])).await;
    let exact = sync(&world, ann, cursors(&[(&long, 2), (&short, 1)])).await;
    let above = sync(&world, ann, cursors(&[(&long, 1_003)])).await;
    let other_epoch = sync(
        &world,
        ann,
        Cursors {
            epoch: 2,
            ..cursors(&[(&long, 1)])
        },
    )
    .await;
    let useq_above = sync(
        &world,
        ben,
        Cursors {
            useq: 1,
            ..cursors(&[])
        },
    )
    .await;

    assert_eq!(places(&synced.events), [(short.room_id.as_str(), 1)]);
    assert_eq!(
        (
            synced.too_long[0].room_id.as_str(),
            synced.too_long[0].last_seq
        ),
        (long.room_id.as_str(), 1_002)
    );
    assert_eq!((exact.events.len(), exact.too_long.len()), (1_000, 0));
    for invalid in [above, other_epoch, useq_above] {
        assert!(
            invalid.cursor_invalid && invalid.events.is_empty() && invalid.user_events.is_empty()
        );
    }
}

#[tokio::test]
async fn questions_that_are_too_large_are_refused() {
    let world = World::new().await;
    let [ann] = world.users();
    let ids = |count: usize| -> Vec<String> {
        (0..count)
            .map(|_| world.clock.new_id().to_string())
            .collect()
    };
    let request = SyncRequest {
        cursors: Some(Cursors {
            epoch: 1,
            useq: 0,
            room_seqs: ids(501).into_iter().map(|id| (id, 0)).collect(),
        }),
    };

    let sync = failure(world.chat(ann).sync(request).await);
    let heads = GetHeadsRequest {
        room_ids: ids(1_001),
        user_ids: ids(1),
    };
    let heads = failure(world.delivery().get_heads(heads).await);

    assert_eq!(fields(&sync), ["rooms"]);
    assert_eq!(fields(&heads), ["room_ids"]);
}

#[tokio::test]
async fn heads_are_those_of_the_logs() {
    let world = World::new().await;
    let [ann] = world.users();
    let room = world.group(ann, &[]).await;
    world.send(ann, &room.room_id, "hi").await;
    let unknown = world.clock.new_id().to_string();

    let request = GetHeadsRequest {
        room_ids: vec![room.room_id.clone(), unknown.clone()],
        user_ids: vec![ann.to_string(), unknown],
    };
    let heads = inner(world.delivery().get_heads(request).await);

    assert_eq!((heads.rooms.len(), heads.rooms[0].last_seq), (1, 2));
    assert_eq!(
        (heads.users.len(), heads.users[0].useq),
        (1, world.user_log(ann).await.len() as u64)
    );
}
