//! Read and delivered positions: unread counts, receipts, and one's own devices agreeing.

use kith_e2e::{Device, Node, Person, befriend, direct_room, post};
use kith_sdk::model::{Receipt, RoomId, ServerFrame, UserEventBody, UserId};

async fn wait_receipt(
    device: &Device,
    room: RoomId,
    user: UserId,
    holds: impl Fn(&Receipt) -> bool,
) {
    device
        .wait("a receipt", |frames| {
            let receipt = |frame: &ServerFrame| {
                matches!(frame, ServerFrame::Receipt(r) if r.room_id == room && r.user_id == user && holds(r))
            };
            frames.iter().any(receipt).then_some(())
        })
        .await;
}

#[tokio::test]
async fn positions_move_forward_on_every_device() {
    let node = Node::start().await;
    let [ann, bob] = Person::sign_up_all(&node, ["ann", "bob"]).await;
    befriend(&ann, &bob).await;
    let room = direct_room(&ann, &bob).await.id;
    let (anns, bobs, bobs_other) = (ann.device().await, bob.device().await, bob.device().await);
    let mut messages = Vec::new();
    for text in ["one", "two", "three"] {
        messages.push(post(&ann, room, text).await);
    }
    let mine = post(&bob, room, "mine").await;
    bobs.wait_event(room, mine.seq).await;

    assert_eq!(
        bob.api.room(room).await.unwrap().unread_count,
        3,
        "sending does not move one's own position"
    );
    bobs.link.delivered(room, mine.seq).unwrap();
    wait_receipt(&anns, room, bob.id(), |receipt| {
        receipt.delivered_seq >= Some(messages[2].seq)
    })
    .await;

    let moved = bobs.link.read(room, messages[1].seq).await.unwrap();
    assert_eq!(
        (moved.last_read_seq, moved.unread_count),
        (messages[1].seq, 1)
    );
    wait_receipt(&anns, room, bob.id(), |receipt| {
        receipt.read_seq == Some(messages[1].seq)
    })
    .await;
    let converged = bobs_other.wait_user("read.moved").await;
    assert!(
        matches!(converged.body(), UserEventBody::ReadMoved(read) if read.last_read_seq == messages[1].seq)
    );

    let back = bobs.link.read(room, messages[0].seq).await.unwrap();
    assert_eq!(back.last_read_seq, messages[1].seq, "never back");
    let above = bobs.link.read(room, 1_000).await.unwrap_err();
    assert_eq!(above.code(), Some("invalid_field"));
    assert_eq!(
        bob.api.room(room).await.unwrap().last_read_seq,
        messages[1].seq,
        "nothing moved"
    );

    let moved = bob.api.mark_read(messages[2].id).await.unwrap();
    assert_eq!(
        (moved.room_id, moved.last_read_seq, moved.unread_count),
        (room, messages[2].seq, 0)
    );
    let receipts = ann.api.receipts(messages[0].id).await.unwrap().items;
    let bobs_receipt = receipts
        .iter()
        .find(|receipt| receipt.user_id == bob.id())
        .unwrap();
    assert!(bobs_receipt.read_at.is_some() && bobs_receipt.delivered_at.is_some());
    for device in [anns, bobs, bobs_other] {
        device.assert_sound();
    }
}
