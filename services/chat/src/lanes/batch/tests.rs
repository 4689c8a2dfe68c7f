use std::time::Instant;

use kith_ids::MessageId;
use proptest::prelude::*;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::*;
use crate::domain::message::Draft;

fn item(room: u8, sender: u8, client_id: u8, body: u8) -> Item {
    Item {
        draft: Draft {
            id: MessageId::new(Uuid::nil()),
            room_id: Uuid::from_u128(room.into()).into(),
            sender_id: Uuid::from_u128(sender.into()).into(),
            client_id: ClientId::parse("client_id", format!("c{client_id}")).unwrap(),
            text: format!("text {body}"),
            body_hash: [body; 16],
            reply_to: None,
            create_time: None,
        },
        responder: Responder::Call(oneshot::channel().0),
        queued: Instant::now(),
        span: tracing::Span::none(),
    }
}

fn fill(items: Vec<Item>) -> Vec<Batch> {
    let mut batches = vec![Batch::default()];
    for item in items {
        if let Some(item) = batches.last_mut().unwrap().take(item) {
            let mut next = Batch::default();
            assert!(next.take(item).is_none(), "an empty batch takes anything");
            batches.push(next);
        }
    }
    batches
}

#[test]
fn a_repeat_follows_and_another_body_waits_for_the_next_batch() {
    let batches = fill(vec![item(1, 1, 1, 1), item(1, 1, 1, 1), item(1, 1, 1, 2)]);

    let shapes: Vec<_> = batches
        .iter()
        .map(|batch| (batch.leaders.len(), batch.followers.len()))
        .collect();
    assert_eq!(shapes, [(1, 1), (1, 0)]);
}

#[test]
fn an_import_goes_alone() {
    let mut import = item(1, 1, 2, 2);
    import.draft.create_time = Some(chrono::DateTime::UNIX_EPOCH);

    let batches = fill(vec![item(1, 1, 1, 1), import, item(1, 1, 3, 3)]);

    assert_eq!(batches.len(), 3);
}

#[test]
fn a_batch_is_bounded_in_messages_and_bytes() {
    let many = (0..=255)
        .map(|at| item(at, 1, 1, 1))
        .chain([item(1, 2, 1, 1)]);
    assert_eq!(fill(many.collect()).len(), 2);

    let mut large = item(1, 1, 2, 2);
    large.draft.text = "x".repeat(MAX_BYTES);
    assert_eq!(fill(vec![item(1, 1, 1, 1), large]).len(), 2);
}

proptest! {
    #[test]
    fn every_send_is_in_exactly_one_batch_and_keys_are_unique(
        sends in prop::collection::vec((0..3_u8, 0..3_u8, 0..4_u8, 0..2_u8), 1..600)
    ) {
        let items = sends.iter().map(|&(room, sender, id, body)| item(room, sender, id, body)).collect();

        let batches = fill(items);

        let taken: usize = batches.iter().map(|batch| batch.leaders.len() + batch.followers.len()).sum();
        prop_assert_eq!(taken, sends.len());
        for batch in &batches {
            prop_assert!(batch.leaders.len() + batch.followers.len() <= MAX_MESSAGES);
            prop_assert_eq!(batch.places.len(), batch.leaders.len());
            for (place, _) in &batch.followers {
                prop_assert!(*place < batch.leaders.len());
            }
        }
    }

    #[test]
    fn a_senders_order_is_kept_across_batches(
        sends in prop::collection::vec((0..2_u8, 0..8_u8, 0..2_u8), 1..100)
    ) {
        let items = sends.iter().map(|&(room, id, body)| item(room, 1, id, body)).collect();

        let appended: Vec<_> = fill(items)
            .into_iter()
            .flat_map(|batch| batch.leaders)
            .map(|item| (item.draft.room_id, item.draft.client_id, item.draft.body_hash))
            .collect();

        // Leaving out the repeats, what is appended is what was sent, in its order.
        let mut rest = sends.iter().map(|&(room, id, body)| item(room, 1, id, body).draft);
        for one in appended {
            prop_assert!(rest.any(|draft| (draft.room_id, draft.client_id, draft.body_hash) == one));
        }
    }
}
