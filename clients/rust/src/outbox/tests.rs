//! Order, repetition and refusal; as a property, that a lossy network changes nothing of the outcome.

use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;

const HERE: RoomId = Uuid::from_u128(1);
const THERE: RoomId = Uuid::from_u128(2);

fn stored(pending: &Pending, seq: u64) -> Message {
    serde_json::from_value(json!({
        "id": Uuid::from_u128(u128::from(seq)), "room_id": pending.room_id, "seq": seq, "sender_id": Uuid::nil(),
        "client_id": pending.client_id, "text": pending.text, "created_at": "2026-01-01T00:00:00.000Z"
    }))
    .unwrap()
}

#[test]
fn one_room_sends_one_after_the_other_and_rooms_do_not_wait() {
    let mut outbox = Outbox::default();
    outbox.push(HERE, "first", None);
    outbox.push(HERE, "second", None);
    outbox.push(THERE, "elsewhere", None);

    let due = outbox.take_due();

    assert_eq!(
        due.iter().map(|p| p.text.as_str()).collect::<Vec<_>>(),
        ["first", "elsewhere"]
    );
    assert_eq!(outbox.take_due(), []);
    assert!(outbox.settle(&stored(&due[0], 1)));
    assert_eq!(outbox.take_due()[0].text, "second");
}

#[test]
fn a_lost_connection_repeats_with_the_same_client_id() {
    let mut outbox = Outbox::default();
    let client_id = outbox.push(HERE, "hello", None);
    outbox.take_due();

    outbox.disconnect();

    assert_eq!(outbox.take_due()[0].client_id, client_id);
}

#[test]
fn a_lasting_refusal_ends_the_send_and_a_passing_one_does_not() {
    let mut outbox = Outbox::default();
    let client_id = outbox.push(HERE, "hello", None);
    outbox.take_due();

    assert_eq!(outbox.refuse(&client_id, true), Refusal::Retries);
    assert_eq!(outbox.take_due().len(), 1);
    assert!(matches!(
        outbox.refuse(&client_id, false),
        Refusal::Failed(_)
    ));
    assert!(outbox.is_empty());
    assert_eq!(outbox.refuse(&client_id, false), Refusal::Unknown);
}

#[test]
fn the_event_may_come_before_the_answer() {
    let mut outbox = Outbox::default();
    outbox.push(HERE, "hello", None);
    let pending = outbox.take_due().remove(0);

    assert!(outbox.settle(&stored(&pending, 1)), "from the event");
    assert!(!outbox.settle(&stored(&pending, 1)), "from the answer");
}

#[test]
fn what_was_on_disk_goes_out_again() {
    let mut outbox = Outbox::default();
    outbox.push(HERE, "hello", None);
    outbox.take_due();

    let mut restored = Outbox::restore(outbox.entries().cloned());

    assert_eq!(restored.take_due().len(), 1);
}

proptest! {
    /// A server that stores by `client_id`, and a network that loses requests and answers.
    #[test]
    fn everything_is_stored_once_and_in_order(lossy in prop::collection::vec((any::<bool>(), any::<bool>()), 0..40)) {
        let mut outbox = Outbox::default();
        for n in 0..6 {
            outbox.push(if n % 2 == 0 { HERE } else { THERE }, n.to_string(), None);
        }
        let mut log: Vec<Pending> = Vec::new();
        let mut known = HashMap::new();
        let mut network = lossy.into_iter();

        while !outbox.is_empty() {
            for pending in outbox.take_due() {
                let (request_lost, answer_lost) = network.next().unwrap_or_default();
                if request_lost {
                    continue;
                }
                let seq = *known.entry(pending.client_id.clone()).or_insert_with(|| {
                    log.push(pending.clone());
                    log.len() as u64
                });
                if !answer_lost {
                    outbox.settle(&stored(&pending, seq));
                }
            }
            outbox.disconnect();
        }

        for room in [HERE, THERE] {
            let texts: Vec<i32> = log.iter().filter(|p| p.room_id == room).map(|p| p.text.parse().unwrap()).collect();
            prop_assert_eq!(texts.len(), 3);
            prop_assert!(texts.is_sorted());
        }
    }
}
