//! The feed as a consumer sees it: positions, acknowledgements, filters, and how its stream ends.

mod consumer;
mod order;

use kith_api::chat::v1::{
    self as wire, ConsumeRequest, DeleteFeedConsumerRequest, FeedEventType as Type, FeedStart,
    GetFeedConsumersRequest, RoomKind, feed_event::Event,
};
use kith_auth::Caller;
use kith_error::Reason;
use kith_testkit::eventually;

use crate::world::{World, failure, fields, inner, refusal};
use consumer::{Consumer, ack, consume, of_service, request};

/// The types that come, by the words of the room's log.
fn kinds(events: &[wire::FeedEvent]) -> Vec<(&str, RoomKind)> {
    let words = events.iter().map(|event| {
        let word = match event.event.as_ref().unwrap() {
            Event::RoomEvent(event) => match event.body.as_ref().unwrap() {
                wire::room_event::Body::MessageCreated(_) => "message",
                wire::room_event::Body::RoomCreated(_) => "created",
                wire::room_event::Body::ParticipantJoined(_) => "joined",
                _ => "other",
            },
            Event::UserEvent(_) => "user",
        };
        (word, event.room_kind())
    });
    words.collect()
}

#[tokio::test]
async fn a_new_consumer_gets_everything_from_the_beginning_and_then_what_comes() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.group(ann, &[ben]).await.room_id;
    world.send_many(ann, &room, 3).await;
    let mut consumer = Consumer::start(world.upstream(), request("trainer")).await;

    let first = consumer.take(6).await;
    world.send(ben, &room, "live").await;
    let live = consumer.take(1).await;

    let positions: Vec<u64> = first.iter().chain(&live).map(|one| one.feed_pos).collect();
    assert_eq!(positions, (1..=7).collect::<Vec<_>>());
    assert_eq!(
        kinds(&first).iter().filter(|one| one.0 == "user").count(),
        2,
        "both were added to the room"
    );
    assert_eq!(kinds(&live), [("message", RoomKind::Group)]);
    let logged = world.room_log(&room).await;
    let fed: Vec<_> = first
        .into_iter()
        .chain(live)
        .filter_map(|event| match event.event {
            Some(Event::RoomEvent(event)) => Some(event),
            _ => None,
        })
        .collect();
    assert_eq!(fed, logged, "the feed shows what the room's log does");
}

#[tokio::test]
async fn a_consumer_goes_on_after_its_last_ack_on_any_node() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.direct(ann, ben).await.room_id;
    world.send_many(ann, &room, 5).await;
    let other = crate::world::start(
        &world.database,
        &world.siblings,
        &world.tasks,
        kith_chat::Config::for_test(),
    )
    .await;
    let mut consumer = Consumer::start(world.upstream(), request("trainer")).await;
    let events = consumer.take(8).await;
    let epoch = consumer.epoch;

    let kept = ack(world.upstream(), "trainer", epoch, events[3].feed_pos).await;
    let back = ack(&other, "trainer", epoch, events[1].feed_pos).await;
    drop(consumer);
    let again = Consumer::start(&other, request("trainer"))
        .await
        .take(4)
        .await;

    assert_eq!((kept.unwrap(), back.unwrap()), (4, 4), "never back");
    assert_eq!(again, events[4..]);
}

#[tokio::test]
async fn what_was_not_handed_out_cannot_be_acknowledged() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.direct(ann, ben).await.room_id;
    world.send_many(ann, &room, 2).await;
    let mut consumer = Consumer::start(world.upstream(), request("trainer")).await;
    let last = consumer.take(5).await[4].feed_pos;
    let epoch = consumer.epoch;

    let above = ack(world.upstream(), "trainer", epoch, last + 1).await;
    let elsewhere = ack(world.upstream(), "trainer", epoch + 1, last).await;
    let unknown = ack(world.upstream(), "nobody", epoch, 1).await;

    assert_eq!(refusal(above), Reason::CursorInvalid);
    assert_eq!(refusal(elsewhere), Reason::CursorInvalid);
    assert_eq!(refusal(unknown), Reason::NotFound);
    assert_eq!(
        ack(world.upstream(), "trainer", epoch, last).await.unwrap(),
        last
    );
}

#[tokio::test]
async fn a_position_of_another_epoch_is_refused_and_an_open_stream_ends() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    world.direct(ann, ben).await;
    let mut consumer = Consumer::start(world.upstream(), request("trainer")).await;
    let events = consumer.take(3).await;
    let epoch = consumer.epoch;

    kith_chat::operator::bump_epoch(&world.database.pool)
        .await
        .unwrap();

    assert_eq!(consumer.end().await.reason, Reason::CursorInvalid);
    let stored = consume(world.upstream(), request("trainer")).await;
    assert_eq!(refusal(stored.map(|_| ())), Reason::CursorInvalid);
    let old = ConsumeRequest {
        epoch,
        feed_pos: 1,
        ..request("trainer")
    };
    let old = consume(world.upstream(), old).await;
    assert_eq!(refusal(old.map(|_| ())), Reason::CursorInvalid);
    let over = ConsumeRequest {
        epoch: epoch + 1,
        ..request("trainer")
    };
    let mut over = Consumer::start(world.upstream(), over).await;
    let positions = |events: &[wire::FeedEvent]| -> Vec<u64> {
        events.iter().map(|one| one.feed_pos).collect()
    };
    assert_eq!(positions(&over.take(3).await), positions(&events));
}

#[tokio::test]
async fn a_position_may_be_named_and_one_beyond_the_end_is_refused() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.direct(ann, ben).await.room_id;
    world.send_many(ann, &room, 3).await;
    let mut consumer = Consumer::start(world.upstream(), request("trainer")).await;
    let events = consumer.take(6).await;
    let from = |feed_pos: u64| ConsumeRequest {
        epoch: consumer.epoch,
        feed_pos,
        ..request("replay")
    };

    let replayed = Consumer::start(world.upstream(), from(4))
        .await
        .take(2)
        .await;
    let beyond = consume(world.upstream(), from(7)).await;

    assert_eq!(replayed, events[4..]);
    assert_eq!(refusal(beyond.map(|_| ())), Reason::CursorInvalid);
}

#[tokio::test]
async fn a_consumer_that_starts_now_gets_nothing_older() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.direct(ann, ben).await.room_id;
    world.send_many(ann, &room, 3).await;
    let now = ConsumeRequest {
        start: FeedStart::Now.into(),
        ..request("trainer")
    };

    let mut consumer = Consumer::start(world.upstream(), now).await;
    let sent = world.send(ann, &room, "new").await;

    let Some(Event::RoomEvent(event)) = consumer.take(1).await.remove(0).event else {
        panic!("a message");
    };
    assert_eq!(event.seq, sent.seq);
}

#[tokio::test]
async fn filters_leave_out_what_is_not_wanted_and_positions_move_on() {
    let world = World::new().await;
    let [ann, ben, cem] = world.users();
    let group = world.group(ann, &[ben]).await.room_id;
    let direct = world.direct(ann, ben).await.room_id;
    world.send_many(ann, &group, 300).await;
    world.add(ann, &group, &[cem]).await.unwrap();
    world.send(ann, &direct, "hi").await;
    let wanting = |types: &[Type], kinds: &[RoomKind]| ConsumeRequest {
        event_types: types.iter().map(|&one| one.into()).collect(),
        room_kinds: kinds.iter().map(|&one| one.into()).collect(),
        ..request("trainer")
    };

    let joins = wanting(&[Type::ParticipantJoined, Type::RoomCreated], &[]);
    let mut joins = Consumer::start(world.upstream(), joins).await;
    let created = joins.take(3).await;
    let mut words = kinds(&created);
    words.sort_unstable_by_key(|one| (one.0, i32::from(one.1)));
    assert_eq!(
        words,
        [
            ("created", RoomKind::Direct),
            ("created", RoomKind::Group),
            ("joined", RoomKind::Group)
        ]
    );
    joins.reach(309).await;
    let directs = wanting(&[], &[RoomKind::Direct]);
    let mut directs = Consumer::start(world.upstream(), directs).await;
    let events = directs.take(2).await;
    assert_eq!(
        kinds(&events),
        [("created", RoomKind::Direct), ("message", RoomKind::Direct)]
    );
}

#[tokio::test]
async fn superseded_read_positions_are_left_out_and_hold_nothing_up() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.direct(ann, ben).await.room_id;
    for message in world.send_many(ann, &room, 3).await {
        world.read(ben, &message).await.unwrap();
        let read = message.seq;
        eventually("the position is written", || async {
            let log = world.user_log(ben).await;
            let found = log.iter().any(|event| {
                let body = event.body.as_ref().and_then(|body| body.body.as_ref());
                matches!(body, Some(wire::user_event_body::Body::ReadMoved(moved)) if moved.last_read_seq == read)
            });
            found.then_some(())
        })
        .await;
    }
    let mut consumer = Consumer::start(world.upstream(), request("trainer")).await;

    let events = consumer.take(7).await;

    let log = world.user_log(ben).await;
    let of_ben: Vec<u64> = events
        .iter()
        .filter_map(|event| match event.event.as_ref() {
            Some(Event::UserEvent(event)) if event.user_id == ben.to_string() => Some(event.useq),
            _ => None,
        })
        .collect();
    let told = log.iter().filter(|event| event.body.is_some());
    assert_eq!(
        of_ben,
        told.map(|event| event.useq).collect::<Vec<_>>(),
        "the log keeps the places of superseded entries, without a body"
    );
}

#[tokio::test]
async fn a_newer_stream_takes_the_consumer_over_and_a_deleted_one_ends() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    world.direct(ann, ben).await;
    let mut older = Consumer::start(world.upstream(), request("trainer")).await;
    older.take(3).await;

    let mut newer = Consumer::start(world.upstream(), request("trainer")).await;

    assert_eq!(older.end().await.reason, Reason::Conflict);
    newer.take(3).await;
    let mut feed = world.upstream().feed(&of_service());
    let consumer = "trainer".to_owned();
    let deleted = feed.delete_feed_consumer(DeleteFeedConsumerRequest { consumer });
    deleted.await.unwrap();
    assert_eq!(newer.end().await.reason, Reason::Conflict);
    let listed = inner(feed.get_feed_consumers(GetFeedConsumersRequest {}).await);
    assert!(listed.consumers.is_empty());
    assert_eq!(listed.head_pos, 3);
}

#[tokio::test]
async fn every_bad_field_is_named() {
    let world = World::new().await;
    let bad = ConsumeRequest {
        consumer: "Trainer!".to_owned(),
        feed_pos: 5,
        event_types: vec![1, 99],
        room_kinds: vec![0],
        start: 7,
        ..ConsumeRequest::default()
    };

    let refused = failure(consume(world.upstream(), bad).await.map(|_| ()));
    let many = ConsumeRequest {
        event_types: vec![1; 65],
        ..request("trainer")
    };
    let many = failure(consume(world.upstream(), many).await.map(|_| ()));

    assert_eq!(refused.reason, Reason::InvalidField);
    assert_eq!(
        fields(&refused),
        [
            "event_types[1]",
            "room_kinds[0]",
            "start",
            "epoch",
            "consumer"
        ]
    );
    assert_eq!(fields(&many), ["event_types"]);
}

#[tokio::test]
async fn users_have_no_feed() {
    let world = World::new().await;
    let [ann] = world.users();
    let caller = Caller::User {
        user_id: ann,
        session_id: world.clock.new_id().into(),
    };
    let mut feed = world.upstream().feed_stream(&caller);

    let refused = feed.consume(request("trainer")).await;

    assert_eq!(refusal(refused.map(|_| ())), Reason::Forbidden);
}

#[tokio::test]
async fn a_node_serves_a_bounded_number_of_streams() {
    let world = World::new().await;
    let mut open = Vec::new();
    for nth in 0..64 {
        let name = format!("consumer-{nth}");
        open.push(consume(world.upstream(), request(&name)).await.unwrap());
    }

    let one_more = consume(world.upstream(), request("one-more")).await;
    let status = one_more.map(|_| ()).unwrap_err();

    assert_eq!(status.code(), tonic::Code::ResourceExhausted);
    open.pop();
    eventually("a place is free again", || async {
        consume(world.upstream(), request("one-more")).await.ok()
    })
    .await;
}

#[tokio::test]
async fn a_consumer_that_does_not_read_is_not_read_for() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.direct(ann, ben).await.room_id;
    let text = "x".repeat(4_000);
    sqlx::query(
        "WITH room AS (UPDATE chat.chat_rooms SET last_seq = 5001 WHERE id = $1::uuid RETURNING id)
         INSERT INTO chat.chat_messages (room_id, seq, id, sender_id, client_id, body_hash, text, created_at)
         SELECT room.id, seq, gen_random_uuid(), $2, seq::text, '', $3, now()
         FROM room, generate_series(2, 5001) AS seq",
    )
    .bind(&room)
    .bind(ann)
    .bind(&text)
    .execute(&world.database.pool)
    .await
    .unwrap();
    let delivered = || async {
        sqlx::query_scalar::<_, i64>("SELECT delivered_pos FROM chat.feed_consumers")
            .fetch_one(&world.database.pool)
            .await
            .unwrap()
    };
    let mut consumer = Consumer::start(world.upstream(), request("trainer")).await;
    consumer.take(1).await;

    // It stops where the windows are full, far from the end.
    let mut stands = (0, 0);
    eventually("the feed stands still", || async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        Some(())
    })
    .await;
    while stands.1 < 10 {
        let now = delivered().await;
        stands = if now == stands.0 {
            (now, stands.1 + 1)
        } else {
            (now, 0)
        };
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }

    assert!(
        stands.0 < 2_500,
        "{} of 5,003 were read for nobody",
        stands.0
    );
    assert_eq!(
        consumer.take(5_002).await.len(),
        5_002,
        "and all is there when it reads on"
    );
}
