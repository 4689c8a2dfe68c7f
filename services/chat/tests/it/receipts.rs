//! Who may know how far the others got: receipts of one message, and those that are told live.

use std::{collections::BTreeSet, time::Instant};

use kith_api::{
    chat::v1::{
        ApplyReadReceiptsRequest, GetMessageReceiptsRequest, MarkRoomAsDelivered, Message,
        MessageReceipt, Receipt, command::Command, delivery::Delivery,
    },
    common::v1::PageRequest,
};
use kith_error::Reason;
use kith_ids::UserId;

use crate::{
    gateway::Gateway,
    world::{World, inner, refusal},
};

async fn receipts(world: &World, user: UserId, message: &Message) -> Vec<MessageReceipt> {
    let request = GetMessageReceiptsRequest {
        message_id: message.message_id.clone(),
        page: None,
    };
    inner(world.chat(user).get_message_receipts(request).await).receipts
}

/// The next receipt, whatever else comes before it.
async fn next_receipt(gateway: &mut Gateway) -> Receipt {
    loop {
        if let Delivery::Receipt(receipt) = gateway.delivery().await {
            return receipt;
        }
    }
}

#[tokio::test]
async fn receipts_say_who_read_a_message_and_when_it_was() {
    let world = World::new().await;
    let [a, b, c, late] = world.users();
    let room = world.group(a, &[b, c]).await.room_id;
    let first = world.send(a, &room, "first").await;
    let second = world.send(a, &room, "second").await;
    world.add(a, &room, &[late]).await.unwrap();

    world.read(b, &first).await.unwrap();
    let of_first = receipts(&world, a, &first).await;
    let of_second = receipts(&world, a, &second).await;
    world.read(b, &second).await.unwrap();
    let later = receipts(&world, a, &second).await;
    let first_again = receipts(&world, a, &first).await;

    let mut people: Vec<_> = of_first
        .iter()
        .map(|receipt| receipt.user_id.clone())
        .collect();
    people.sort();
    let mut expected = [b, c].map(|user| user.to_string());
    expected.sort();
    assert_eq!(people, expected);
    let of = |receipts: &[MessageReceipt], user: UserId| {
        receipts
            .iter()
            .find(|receipt| receipt.user_id == user.to_string())
            .unwrap()
            .clone()
    };
    assert!(of(&of_first, b).read_time.is_some() && of(&of_first, b).delivery_time.is_some());
    assert!(of(&of_first, c).read_time.is_none() && of(&of_first, c).delivery_time.is_none());
    assert!(of(&of_second, b).read_time.is_none());
    assert!(of(&later, b).read_time.is_some());
    assert_eq!(of(&first_again, b).read_time, of(&of_first, b).read_time);
}

#[tokio::test]
async fn who_hides_what_they_read_shows_only_that_it_arrived() {
    let world = World::new().await;
    let [a, b] = world.users();
    let room = world.direct(a, b).await.room_id;
    let hide = |shown, version| ApplyReadReceiptsRequest {
        user_id: b.to_string(),
        shown,
        version,
    };
    world
        .ingest()
        .apply_read_receipts(hide(false, 2))
        .await
        .unwrap();
    world
        .ingest()
        .apply_read_receipts(hide(true, 1))
        .await
        .unwrap();
    let message = world.send(a, &room, "hello").await;

    world.read(b, &message).await.unwrap();

    let receipt = &receipts(&world, a, &message).await[0];
    assert!(receipt.read_time.is_none() && receipt.delivery_time.is_some());
    let seen_by = |viewer| async move {
        let room = world.room(viewer, &message.room_id).await.unwrap();
        room.participants
            .into_iter()
            .find(|one| one.user.clone().unwrap().user_id == b.to_string())
            .unwrap()
            .last_read_seq
    };
    assert_eq!(seen_by(a).await, 0);
}

#[tokio::test]
async fn who_hides_what_they_read_does_not_see_what_others_read() {
    let world = World::new().await;
    let [a, b, shy] = world.users();
    let room = world.group(a, &[b, shy]).await.room_id;
    let hide = ApplyReadReceiptsRequest {
        user_id: shy.to_string(),
        shown: false,
        version: 1,
    };
    world.ingest().apply_read_receipts(hide).await.unwrap();
    let message = world.send(a, &room, "hello").await;
    let mut gateway = Gateway::connect(world.upstream()).await;
    gateway.subscribe(&[&room], &[]).await;

    world.read(b, &message).await.unwrap();

    let told = next_receipt(&mut gateway).await;
    assert_eq!(told.hidden_from_ids, [shy.to_string()]);
    let of_b = |receipts: Vec<MessageReceipt>| {
        let of_b = receipts
            .into_iter()
            .find(|one| one.user_id == b.to_string())
            .unwrap();
        (of_b.delivery_time.is_some(), of_b.read_time.is_some())
    };
    assert_eq!(of_b(receipts(&world, a, &message).await), (true, true));
    assert_eq!(of_b(receipts(&world, shy, &message).await), (true, false));
    let position_of_b = async |viewer| {
        let room = world.room(viewer, &room).await.unwrap();
        let shown = room
            .participants
            .into_iter()
            .find(|one| one.user.clone().unwrap().user_id == b.to_string());
        shown.unwrap().last_read_seq
    };
    assert_eq!(position_of_b(a).await, message.seq);
    assert_eq!(position_of_b(shy).await, 0);
}

#[tokio::test]
async fn across_a_block_nothing_is_told_of_positions() {
    let world = World::new().await;
    let [a, b, c] = world.users();
    let room = world.group(a, &[b, c]).await.room_id;
    let blocked = world.siblings.set_blocked(a, b, true);
    world.apply_pairs(vec![blocked]).await;
    let message = world.send(a, &room, "to all").await;

    world.read(b, &message).await.unwrap();

    let by_a = receipts(&world, a, &message).await;
    let by_c = receipts(&world, c, &message).await;
    let of_b = |receipts: &[MessageReceipt]| {
        let receipt = receipts
            .iter()
            .find(|one| one.user_id == b.to_string())
            .unwrap();
        (receipt.delivery_time.is_some(), receipt.read_time.is_some())
    };
    assert_eq!((of_b(&by_a), of_b(&by_c)), ((false, false), (true, true)));
    let position = |room: kith_api::chat::v1::Room| {
        let found = room
            .participants
            .into_iter()
            .find(|one| one.user.clone().unwrap().user_id == b.to_string());
        found.unwrap().last_read_seq
    };
    assert_eq!(position(world.room(a, &room).await.unwrap()), 0);
    assert_eq!(position(world.room(c, &room).await.unwrap()), 2);
}

#[tokio::test]
async fn receipts_come_in_pages_for_one_message_and_one_reader() {
    let world = World::new().await;
    let [a, b, c, d] = world.users();
    let room = world.group(a, &[b, c, d]).await.room_id;
    let message = world.send(a, &room, "who read this?").await;
    let other = world.send(a, &room, "and this?").await;
    let page = async |user: UserId, message: &Message, token: &str| {
        let request = GetMessageReceiptsRequest {
            message_id: message.message_id.clone(),
            page: Some(PageRequest {
                page_size: 2,
                page_token: token.to_owned(),
            }),
        };
        world.chat(user).get_message_receipts(request).await
    };

    let first = inner(page(a, &message, "").await);
    let token = first.page.unwrap().next_page_token;
    let second = inner(page(a, &message, &token).await);
    let by_another = page(b, &message, &token).await;
    let of_another = page(a, &other, &token).await;

    assert_eq!((first.receipts.len(), second.receipts.len()), (2, 1));
    assert_eq!(second.page.unwrap().next_page_token, "");
    let pages = first.receipts.iter().chain(&second.receipts);
    let people: BTreeSet<_> = pages.map(|receipt| receipt.user_id.clone()).collect();
    assert_eq!(people, [b, c, d].map(|user| user.to_string()).into());
    assert_eq!(refusal(by_another), Reason::CursorInvalid);
    assert_eq!(refusal(of_another), Reason::CursorInvalid);
}

#[tokio::test]
async fn a_stranger_learns_nothing_of_a_message() {
    let world = World::new().await;
    let [a, b, stranger] = world.users();
    let room = world.direct(a, b).await.room_id;
    let request = GetMessageReceiptsRequest {
        message_id: world.send(a, &room, "ours").await.message_id,
        page: None,
    };

    let answer = world.chat(stranger).get_message_receipts(request).await;

    assert_eq!(refusal(answer), Reason::NotFound);
}

#[tokio::test]
async fn live_receipts_are_few_and_name_those_who_must_not_see_them() {
    let world = World::new().await;
    let [a, b] = world.users();
    let room = world.group(a, &[b]).await.room_id;
    let blocked = world.siblings.set_blocked(a, b, true);
    world.apply_pairs(vec![blocked]).await;
    let sent = world.send_many(a, &room, 3).await;
    let mut gateway = Gateway::connect(world.upstream()).await;
    gateway.subscribe(&[&room], &[]).await;

    let start = Instant::now();
    for message in &sent {
        world.read(b, message).await.unwrap();
    }
    let mut told: Vec<Receipt> = Vec::new();
    while told.last().is_none_or(|last| last.read_seq != Some(4)) {
        told.push(next_receipt(&mut gateway).await);
    }

    let seconds = usize::try_from(start.elapsed().as_secs()).unwrap();
    assert!(told.len() <= seconds + 2, "{told:?}");
    for receipt in told {
        assert_eq!(receipt.user_id, b.to_string());
        assert_eq!(receipt.hidden_from_ids, [a.to_string()]);
    }
}

#[tokio::test]
async fn nothing_is_told_live_of_somebody_who_hides_it_or_in_a_large_room() {
    let world = World::new().await;
    let [a, b, hidden] = world.users();
    let crowd: Vec<UserId> = (0..99).map(|nth| world.user(&format!("p{nth}"))).collect();
    let large = world.group(a, &crowd).await.room_id;
    world.add(a, &large, &[b]).await.unwrap();
    let small = world.group(a, &[b, hidden]).await.room_id;
    let hide = ApplyReadReceiptsRequest {
        user_id: hidden.to_string(),
        shown: false,
        version: 1,
    };
    world.ingest().apply_read_receipts(hide).await.unwrap();
    let mut gateway = Gateway::connect(world.upstream()).await;
    gateway.subscribe(&[&large, &small], &[]).await;

    let in_large = world.send(a, &large, "hello all").await;
    world.read(b, &in_large).await.unwrap();
    let in_small = world.send(a, &small, "hello").await;
    world.read(hidden, &in_small).await.unwrap();
    world.read(b, &in_small).await.unwrap();

    let first = next_receipt(&mut gateway).await;
    assert_eq!((first.room_id, first.user_id), (small, b.to_string()));
}

#[tokio::test]
async fn what_arrived_is_noted_for_members_and_capped_at_the_head() {
    let world = World::new().await;
    let [a, b, stranger] = world.users();
    let room = world.direct(a, b).await.room_id;
    let message = world.send(a, &room, "hello").await;
    let mut gateway = Gateway::connect(world.upstream()).await;
    gateway.subscribe(&[&room], &[]).await;
    gateway.attach(1, stranger).await;
    gateway.attach(2, b).await;
    let arrived = Command::MarkRoomAsDelivered(MarkRoomAsDelivered {
        room_id: room.clone(),
        seq: 1_000_000,
    });

    gateway
        .run(vec![(0, 1, arrived.clone()), (0, 2, arrived)])
        .await;

    let receipt = next_receipt(&mut gateway).await;
    assert_eq!(receipt.user_id, b.to_string());
    assert_eq!((receipt.delivered_seq, receipt.read_seq), (Some(2), None));
    let seen = receipts(&world, a, &message).await;
    assert!(seen[0].delivery_time.is_some() && seen[0].read_time.is_none());
    let strangers: i64 =
        sqlx::query_scalar("SELECT count(*) FROM chat.positions WHERE user_id = $1")
            .bind(uuid::Uuid::from(stranger))
            .fetch_one(&world.database.pool)
            .await
            .unwrap();
    assert_eq!(strangers, 0);
}
