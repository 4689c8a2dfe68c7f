//! Rooms live, as another backend watches them.

use std::time::Duration;

use kith_api::chat::v1::{
    self as wire, WatchRoomsRequest, WatchRoomsResponse, room_event::Body,
    watch_rooms_response::Happening,
};
use kith_auth::Caller;
use kith_bus::Bus;
use kith_chat::Config;
use kith_error::Reason;
use kith_ids::UserId;
use tonic::{Status, Streaming};

use crate::world::{World, failure, fields, refusal, start_on};

fn service(on_behalf_of: Option<UserId>) -> Caller {
    Caller::Service {
        name: "trainer".to_owned(),
        on_behalf_of,
    }
}

async fn watch(
    world: &World,
    caller: &Caller,
    rooms: &[&str],
) -> Result<Streaming<WatchRoomsResponse>, Status> {
    let request = WatchRoomsRequest {
        room_ids: rooms.iter().map(|&room| room.to_owned()).collect(),
    };
    let mut live = world.upstream().rooms_stream(caller);
    Ok(live.watch_rooms(request).await?.into_inner())
}

async fn next(stream: &mut Streaming<WatchRoomsResponse>) -> Happening {
    let next = tokio::time::timeout(Duration::from_secs(15), stream.message());
    let answer = next.await.expect("something happens").unwrap();
    answer.expect("the stream goes on").happening.unwrap()
}

async fn next_event(stream: &mut Streaming<WatchRoomsResponse>) -> wire::RoomEvent {
    match next(stream).await {
        Happening::RoomEvent(event) => event,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_backend_watches_any_room() {
    let world = World::new().await;
    let [ann, ben, cem] = world.users();
    let direct = world.direct(ann, ben).await.room_id;
    let group = world.group(ann, &[cem]).await.room_id;
    let mut stream = watch(&world, &service(None), &[&direct, &group])
        .await
        .unwrap();

    let Happening::Watching(watching) = next(&mut stream).await else {
        panic!("it begins with the heads");
    };
    let first = world.send(ann, &direct, "one").await;
    let second = world.send(cem, &group, "two").await;

    assert_eq!(watching.last_seqs[&direct], 1);
    for sent in [first, second] {
        let event = next_event(&mut stream).await;
        assert_eq!((event.room_id, event.seq), (sent.room_id, sent.seq));
    }
}

#[tokio::test]
async fn a_user_watches_their_own_rooms_alone_until_they_leave() {
    let world = World::new().await;
    let [ann, ben, cem] = world.users();
    let group = world.group(ann, &[ben]).await.room_id;
    let stranger = watch(&world, &service(Some(cem)), &[&group]).await;
    let nowhere = world.clock.new_id().to_string();
    let unknown = watch(&world, &service(None), &[&nowhere]).await;
    let mut stream = watch(&world, &service(Some(ben)), &[&group]).await.unwrap();
    next(&mut stream).await;

    world.send(ann, &group, "hi").await;
    world.remove(ann, &group, ben).await.unwrap();
    world.send(ann, &group, "secret").await;

    assert_eq!(refusal(stranger.map(|_| ())), Reason::NotFound);
    assert_eq!(refusal(unknown.map(|_| ())), Reason::NotFound);
    let Some(Body::MessageCreated(message)) = next_event(&mut stream).await.body else {
        panic!("a message");
    };
    assert_eq!(message.client_id, None, "for its sender alone");
    let left = next_event(&mut stream).await;
    assert!(matches!(left.body, Some(Body::ParticipantLeft(_))));
    assert!(matches!(next(&mut stream).await, Happening::Ended(_)));
    assert!(stream.message().await.unwrap().is_none());
}

#[tokio::test]
async fn what_no_hint_told_of_comes_from_the_log() {
    let world = World::new().await;
    // Another node on another bus: nothing that it commits is heard of here.
    let silent = start_on(
        &world.database,
        &world.siblings,
        &world.tasks,
        (Config::for_test(), Bus::memory()),
    )
    .await;
    let [ann, ben] = world.users();
    let direct = world.direct(ann, ben).await.room_id;
    let mut stream = watch(&world, &service(None), &[&direct]).await.unwrap();
    next(&mut stream).await;

    let session_id = world.clock.new_id().into();
    let caller = Caller::User {
        user_id: ann,
        session_id,
    };
    for client_id in ["1", "2"] {
        let request = wire::SendMessageRequest {
            room_id: direct.clone(),
            client_id: client_id.to_owned(),
            text: "unheard".to_owned(),
            ..wire::SendMessageRequest::default()
        };
        silent.chat(&caller).send_message(request).await.unwrap();
    }

    assert_eq!(next_event(&mut stream).await.seq, 2);
    assert_eq!(next_event(&mut stream).await.seq, 3);
}

#[tokio::test]
async fn room_ids_are_bounded_and_named_when_bad() {
    let world = World::new().await;
    let many: Vec<String> = (0..201).map(|_| world.clock.new_id().to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();

    let none = failure(watch(&world, &service(None), &[]).await.map(|_| ()));
    let many = failure(watch(&world, &service(None), &many).await.map(|_| ()));
    let bad = failure(watch(&world, &service(None), &["x"]).await.map(|_| ()));

    assert_eq!(fields(&none), ["room_ids"]);
    assert_eq!(fields(&many), ["room_ids"]);
    assert_eq!(fields(&bad), ["room_ids[0]"]);
}
