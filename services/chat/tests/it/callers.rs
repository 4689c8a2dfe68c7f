//! Callers that go away before they are answered.

use kith_api::chat::v1::{UpdateChatRoomRequest, room_event::Body};

use crate::{
    gateway::Gateway,
    races::{hold, somebody_waits},
    world::World,
};

#[tokio::test]
async fn what_a_caller_began_and_left_is_finished_and_heard_of() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.group(ann, &[ben]).await;
    let mut gateway = Gateway::connect(world.upstream()).await;
    gateway.subscribe(&[&room.room_id], &[]).await;
    let gate = hold(&world, &room).await;
    let mut chat = world.chat(ann);
    let request = UpdateChatRoomRequest {
        room_id: room.room_id.clone(),
        name: Some("Renamed".to_owned()),
    };

    let mut call = Box::pin(chat.update_chat_room(request));
    tokio::select! {
        answer = &mut call => panic!("it does not wait: {answer:?}"),
        () = somebody_waits(&world.database.pool) => {}
    }
    drop(call);
    // Goes over the same connection, and so comes behind the cancellation.
    world.room(ann, &room.room_id).await.unwrap();
    gate.commit().await.unwrap();

    let event = gateway.room_event().await;
    assert!(
        matches!(&event.body, Some(Body::RoomUpdated(updated)) if updated.name.as_deref() == Some("Renamed")),
        "{event:?}"
    );
}
