//! How many appends of a node are under way at once, and what becomes of one when the node leaves.

use std::time::Duration;

use futures::future::{Either, join_all, select};
use kith_api::chat::v1::{Room, SendMessageRequest};
use kith_auth::Caller;
use kith_bus::{Bus, Servers};
use kith_chat::Config;
use kith_client::Upstream;
use kith_error::Reason;
use kith_ids::UserId;
use tonic::Status;

use crate::{
    races::{hold, somebody_waits},
    world::{World, refusal, room_id, start_on},
};

/// Two rooms that a node with two lanes has in different ones.
async fn rooms_of_two_lanes(world: &World, owner: UserId) -> [Room; 2] {
    let is_odd = |room: &Room| room_id(room).as_uuid().as_bytes()[15] % 2 == 1;
    let first = world.group(owner, &[]).await;
    loop {
        let second = world.group(owner, &[]).await;
        if is_odd(&first) != is_odd(&second) {
            return [first, second];
        }
    }
}

/// Sends the same to each room at once; gives the answers, and the most appends that waited for a row at one time meanwhile.
async fn send_to_all(
    world: &World,
    node: &Upstream,
    sender: UserId,
    (rooms, client_id): (&[&Room], &str),
) -> (Vec<Result<u64, Status>>, i64) {
    let sends = rooms.iter().map(|room| {
        let mut chat = node.chat(&Caller::User {
            user_id: sender,
            session_id: world.clock.new_id().into(),
        });
        let request = SendMessageRequest {
            room_id: room.room_id.clone(),
            client_id: client_id.to_owned(),
            text: "hi".to_owned(),
            ..SendMessageRequest::default()
        };
        async move {
            let response = chat.send_message(request).await?.into_inner();
            Ok(response.message.unwrap().seq)
        }
    });
    let mut sends = Box::pin(join_all(sends));
    let mut most = 0;
    loop {
        let waiting = sqlx::query_scalar::<_, i64>(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        .fetch_one(&world.database.pool);
        match select(sends, Box::pin(waiting)).await {
            Either::Left((answers, _)) => return (answers, most),
            Either::Right((waiting, going_on)) => {
                most = most.max(waiting.unwrap());
                sends = going_on;
            }
        }
    }
}

/// The most appends that waited at one time, while there was something to append in two rooms that somebody held.
async fn most_at_once(world: &World, node: &Upstream) -> i64 {
    let [ann] = world.users();
    let [one, two] = rooms_of_two_lanes(world, ann).await;
    let _held = [hold(world, &one).await, hold(world, &two).await];
    let (answers, most) = send_to_all(world, node, ann, (&[&one, &two], "held")).await;
    assert!(answers.iter().all(Result::is_err), "the rooms are held");
    most
}

/// A node that is one of several, and so has one lane.
async fn start_one_of_several(world: &World) -> Upstream {
    let redis = Servers::new(&kith_testkit::redis_url(), false).unwrap();
    let bus = Bus::redis(&redis, &world.tasks).unwrap();
    let config = (Config::for_test(), bus);
    start_on(&world.database, &world.siblings, &world.tasks, config).await
}

#[tokio::test]
async fn a_node_that_is_alone_has_two_appends_under_way_and_one_with_a_redis_has_one() {
    let world = World::new().await;
    let of_several = start_one_of_several(&world).await;

    assert_eq!(most_at_once(&world, world.upstream()).await, 2);
    assert_eq!(most_at_once(&world, &of_several).await, 1);
}

#[tokio::test]
async fn a_lane_waits_once_for_a_room_that_is_held_and_then_no_more_until_it_is_free() {
    let world = World::new().await;
    let node = start_one_of_several(&world).await;
    let [ann] = world.users();
    let (held, other) = (world.group(ann, &[]).await, world.group(ann, &[]).await);
    let gate = hold(&world, &held).await;

    for (client_id, waiting, seq) in [("a", 1, 2), ("b", 0, 3), ("c", 0, 4)] {
        let rooms = (&[&held, &other][..], client_id);
        let (answers, most) = send_to_all(&world, &node, ann, rooms).await;
        assert_eq!(most, waiting, "waited at {client_id}");
        assert_eq!(refusal(answers[0].clone()), Reason::Unavailable);
        assert_eq!(answers[1].clone().unwrap(), seq);
    }
    gate.rollback().await.unwrap();
    let (answers, _) = send_to_all(&world, &node, ann, (&[&held], "c")).await;

    assert_eq!(answers[0].clone().unwrap(), 2);
}

#[tokio::test]
async fn an_append_that_is_under_way_when_the_node_leaves_is_finished_and_answered() {
    let world = World::new().await;
    let [ann] = world.users();
    let room = world.group(ann, &[]).await;
    let held = hold(&world, &room).await;

    let last_words = world.try_send(ann, &room.room_id, "goodbye");
    let leave = async {
        somebody_waits(&world.database.pool).await;
        world.tasks.shutdown().signal();
        held.rollback().await.unwrap();
    };
    let (sent, ()) = tokio::join!(last_words, leave);

    assert_eq!(sent.unwrap().seq, 2);
    assert!(world.tasks.finish(Duration::from_secs(5)).await);
}
