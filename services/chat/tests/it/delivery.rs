//! The two streams of a gateway: commands with their replies, subscriptions with what happens in them.

use futures::future::join_all;
use kith_api::{
    chat::v1::{
        Detach, MarkRoomAsDelivered, MarkRoomAsRead, SetTyping, command::Command,
        delivery::Delivery as Kind, reply,
    },
    common::v1::ErrorReason,
};
use kith_bus::Bus;
use kith_chat::Config;
use kith_error::Reason;
use kith_ids::UserId;

use crate::{
    gateway::{Gateway, send},
    world::{World, refusal, room_id, start_on},
};

fn failure(result: &reply::Result) -> ErrorReason {
    match result {
        reply::Result::Failure(failure) => failure.reason(),
        other => panic!("expected a failure: {other:?}"),
    }
}

#[tokio::test]
async fn the_streams_are_for_nodes_only() {
    let world = World::new().await;
    let [ann] = world.users();
    let caller = kith_auth::Caller::User {
        user_id: ann,
        session_id: world.clock.new_id().into(),
    };
    let mut delivery = world.upstream().delivery(&caller);

    let send = delivery.send(tokio_stream::empty()).await;
    let subscribe = delivery.subscribe(tokio_stream::empty()).await;

    assert_eq!(refusal(send.map(drop)), Reason::Forbidden);
    assert_eq!(refusal(subscribe.map(drop)), Reason::Forbidden);
}

#[tokio::test]
async fn commands_are_done_for_the_handles_caller() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.group(ann, &[ben]).await.room_id;
    let mut gateway = Gateway::connect(world.upstream()).await;
    gateway.attach(1, ann).await;
    gateway.attach(2, ben).await;

    gateway
        .run(vec![(10, 1, send(&room, "a", "from ann"))])
        .await;
    let (request, sent) = gateway.reply().await;
    let reply::Result::Message(sent) = sent else {
        panic!("{sent:?}")
    };
    let message = sent.message.unwrap();
    assert_eq!((request, message.sender_id), (10, ann.to_string()));

    let read = Command::MarkRoomAsRead(MarkRoomAsRead {
        room_id: room.clone(),
        seq: 2,
    });
    let above = Command::MarkRoomAsRead(MarkRoomAsRead {
        room_id: room.clone(),
        seq: 99,
    });
    gateway.run(vec![(11, 2, read), (12, 2, above)]).await;
    let (_, position) = gateway.reply().await;
    let reply::Result::Read(position) = position else {
        panic!("{position:?}")
    };
    assert_eq!((position.last_read_seq, position.unread_count), (2, 0));
    assert_eq!(failure(&gateway.reply().await.1), ErrorReason::InvalidField);

    let delivered = Command::MarkRoomAsDelivered(MarkRoomAsDelivered {
        room_id: room.clone(),
        seq: 2,
    });
    gateway.run(vec![(0, 2, delivered)]).await;
    gateway
        .run(vec![
            (0, 2, Command::Detach(Detach {})),
            (13, 2, send(&room, "b", "gone")),
        ])
        .await;
    gateway
        .run(vec![(14, 9, send(&room, "c", "never attached"))])
        .await;
    for request in [13, 14] {
        let (id, result) = gateway.reply().await;
        assert_eq!(
            (id, failure(&result)),
            (request, ErrorReason::Unauthenticated)
        );
    }
}

#[tokio::test]
async fn a_forged_caller_fails_the_commands_that_follow() {
    let world = World::new().await;
    let [ann] = world.users();
    let room = world.group(ann, &[]).await.room_id;
    let mut gateway = Gateway::connect(world.upstream()).await;

    let forged = kith_api::chat::v1::Attach {
        caller: "e30.AAAA".to_owned(),
    };
    gateway
        .run(vec![
            (0, 1, Command::Attach(forged)),
            (1, 1, send(&room, "a", "hi")),
        ])
        .await;

    assert_eq!(
        failure(&gateway.reply().await.1),
        ErrorReason::Unauthenticated
    );
}

#[tokio::test]
async fn one_sockets_sends_into_a_room_keep_their_order_and_bad_ones_are_told() {
    let world = World::new().await;
    let [ann] = world.users();
    let room = world.group(ann, &[]).await.room_id;
    let mut gateway = Gateway::connect(world.upstream()).await;
    gateway.attach(1, ann).await;

    for number in 0..500_u64 {
        let text = if number == 250 { "" } else { "hi" };
        gateway
            .run(vec![(
                number + 1,
                1,
                send(&room, &number.to_string(), text),
            )])
            .await;
    }

    let mut seqs = Vec::new();
    for _ in 0..500 {
        match gateway.reply().await {
            (request, reply::Result::Message(sent)) => {
                seqs.push((request, sent.message.unwrap().seq));
            }
            (request, failed) => {
                assert_eq!(
                    (request, failure(&failed)),
                    (251, ErrorReason::InvalidField)
                );
            }
        }
    }
    assert!(seqs.is_sorted() && seqs.iter().map(|(_, seq)| *seq).is_sorted());
    assert_eq!(seqs.len(), 499);
}

#[tokio::test]
async fn a_room_that_is_held_does_not_hold_up_the_others() {
    let world = World::new().await;
    let [ann] = world.users();
    let held = world.group(ann, &[]).await;
    // A room's lane is decided by the last byte of its id.
    let other = loop {
        let room = world.group(ann, &[]).await;
        let lane = |room| room_id(room).as_uuid().as_bytes()[15] % 2;
        if lane(&room) != lane(&held) {
            break room;
        }
    };
    let mut gateway = Gateway::connect(world.upstream()).await;
    gateway.attach(1, ann).await;
    let mut tx = world.database.pool.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM chat.chat_rooms WHERE id = $1 FOR UPDATE")
        .bind(room_id(&held))
        .execute(&mut *tx)
        .await
        .unwrap();

    gateway
        .run(vec![(1, 1, send(&held.room_id, "a", "waits"))])
        .await;
    gateway
        .run(vec![(2, 1, send(&other.room_id, "b", "goes"))])
        .await;

    assert_eq!(gateway.reply().await.0, 2);
    tx.rollback().await.unwrap();
    assert_eq!(gateway.reply().await.0, 1);
}

#[tokio::test]
async fn a_confirmed_subscription_delivers_everything_in_order_until_it_is_removed() {
    let world = World::new().await;
    let users: [UserId; 8] = world.users();
    let room = world.group(users[0], &users[1..]).await.room_id;
    let other = world.group(users[0], &[]).await.room_id;
    let mut gateway = Gateway::connect(world.upstream()).await;
    gateway.subscribe(&[&room], &[]).await;

    world.send(users[0], &other, "elsewhere").await;
    join_all((0..200).map(|at| world.send(users[at % 8], &room, "hi"))).await;

    for seq in 2..=201 {
        assert_eq!(gateway.room_event().await.seq, seq);
    }
    gateway.unsubscribe(&[&room]).await;
    world.send(users[0], &room, "unheard").await;
    gateway.subscribe(&[&other], &[]).await;
    world.send(users[0], &other, "heard").await;
    assert_eq!(gateway.room_event().await.room_id, other);
}

#[tokio::test]
async fn user_events_typing_and_both_nodes_reach_a_gateway() {
    let world = World::new().await;
    let [ann, ben, eve] = world.users();
    let bus = Bus::memory();
    let node = |bus: Bus| {
        start_on(
            &world.database,
            &world.siblings,
            &world.tasks,
            (Config::for_test(), bus),
        )
    };
    let (here, there) = (node(bus.clone()).await, node(bus.clone()).await);
    let room = world.group(ann, &[ben, eve]).await.room_id;
    world.direct(ann, eve).await;
    world
        .apply_pairs(vec![world.siblings.set_blocked(ann, eve, true)])
        .await;
    let mut far = Gateway::connect(&there).await;
    far.subscribe(&[&room], &[ben]).await;
    let near = Gateway::connect(&here).await;
    near.attach(1, ann).await;

    near.run(vec![(1, 1, send(&room, "a", "hi"))]).await;
    let event = far.room_event().await;
    let typing = SetTyping {
        room_id: room.clone(),
        active: true,
    };
    near.run(vec![(0, 1, Command::SetTyping(typing))]).await;
    let typing = far.delivery().await;
    let caller = kith_auth::Caller::User {
        user_id: ben,
        session_id: world.clock.new_id().into(),
    };
    let request = kith_api::chat::v1::CreateGroupChatRoomRequest {
        name: "New".to_owned(),
        ..Default::default()
    };
    here.chat(&caller)
        .create_group_chat_room(request)
        .await
        .unwrap();
    let added = far.delivery().await;

    assert_eq!((event.seq, event.room_id), (2, room));
    let Kind::Typing(typing) = typing else {
        panic!("{typing:?}")
    };
    assert_eq!((typing.user_id, typing.active), (ann.to_string(), true));
    assert_eq!(typing.hidden_from_ids, [eve.to_string()]);
    let Kind::UserEvent(added) = added else {
        panic!("{added:?}")
    };
    assert_eq!(added.user_id, ben.to_string());
}

#[tokio::test]
async fn a_gateway_that_reads_too_slowly_is_told_and_goes_on() {
    let config = Config {
        stream_queue: 256,
        ..Config::for_test()
    };
    let world = World::with(config).await;
    let [ann] = world.users();
    let room = world.group(ann, &[]).await.room_id;
    let mut gateway = Gateway::connect(world.upstream()).await;
    gateway.subscribe(&[&room], &[]).await;
    gateway.attach(1, ann).await;
    let text = "x".repeat(4000);

    // Far more than the stream's windows and the queue hold together.
    for number in 0..3_000_u64 {
        gateway
            .run(vec![(
                number + 1,
                1,
                send(&room, &number.to_string(), &text),
            )])
            .await;
        if number % 64 == 63 {
            for _ in 0..64 {
                gateway.reply().await;
            }
        }
    }

    let mut last = 1;
    loop {
        match gateway.delivery().await {
            Kind::RoomEvent(event) => {
                assert_eq!(event.seq, last + 1, "no hole before it is told");
                last = event.seq;
            }
            Kind::Lagged(_) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(last < 3_001);
    world.send(ann, &room, "after").await;
    // What was kept may still be on its way; what was dropped is not.
    loop {
        if let Kind::RoomEvent(event) = gateway.delivery().await
            && event.seq == 3_002
        {
            return;
        }
    }
}

#[tokio::test]
async fn a_bumped_epoch_reaches_gateways_and_new_events() {
    let world = World::new().await;
    let [ann] = world.users();
    let room = world.group(ann, &[]).await.room_id;
    let mut gateway = Gateway::connect(world.upstream()).await;
    gateway.subscribe(&[&room], &[]).await;

    let epoch = kith_chat::operator::bump_epoch(&world.database.pool)
        .await
        .unwrap();

    let Kind::EpochChanged(changed) = gateway.delivery().await else {
        panic!("expected the epoch")
    };
    assert_eq!(changed.epoch, epoch);
    world.send(ann, &room, "hi").await;
    assert_eq!(gateway.room_event().await.epoch, epoch);
}

#[tokio::test]
async fn another_timeline_of_the_database_is_another_epoch() {
    let world = World::new().await;
    sqlx::query("UPDATE chat.log_state SET timeline_id = timeline_id + 1")
        .execute(&world.database.pool)
        .await
        .unwrap();

    let config = (Config::for_test(), Bus::memory());
    let node = start_on(&world.database, &world.siblings, &world.tasks, config).await;

    let caller = kith_auth::Caller::node("gateway");
    let heads = node
        .delivery(&caller)
        .get_heads(kith_api::chat::v1::GetHeadsRequest::default())
        .await;
    assert_eq!(heads.unwrap().into_inner().epoch, 2);
}

#[tokio::test]
async fn the_streams_end_with_the_node() {
    let world = World::new().await;
    let mut gateway = Gateway::connect(world.upstream()).await;

    world.tasks.shutdown().signal();

    assert!(gateway.has_ended().await);
    assert!(world.tasks.finish(std::time::Duration::from_secs(5)).await);
}
