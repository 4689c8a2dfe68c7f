//! What the subscription stream brings, on its way to the logs.

use std::time::Instant;

use bytes::Bytes;
use kith_api::chat::v1::{self, delivery::Delivery as Kind};
use prost::Message as _;

use super::{Effects, Hub, RoomSlot, entry::Entry, typing};

impl Hub {
    /// Takes what the subscription stream delivered; the sockets are woken when all of it is queued. Gives the ids of confirmed requests.
    pub(crate) fn deliver(&self, deliveries: Vec<Bytes>) -> Vec<u64> {
        let mut effects = Effects::default();
        let mut confirmed = Vec::new();
        for delivery in deliveries {
            let Ok(v1::Delivery { delivery }) = v1::Delivery::decode(delivery) else {
                // What cannot be read is as good as lost, and found the same way.
                tracing::warn!("a delivery of chat's could not be read");
                self.0.compare_now.notify_one();
                continue;
            };
            match delivery {
                Some(Kind::RoomEvent(event)) => self.deliver_room_event(event, &mut effects),
                Some(Kind::UserEvent(event)) => self.deliver_user_event(event, &mut effects),
                Some(Kind::Typing(typing)) => self.deliver_typing(&typing, &mut effects),
                Some(Kind::Receipt(receipt)) => self.deliver_receipt(receipt, &mut effects),
                Some(Kind::Confirmed(it)) => confirmed.push(it.request_id),
                Some(Kind::Lagged(v1::Lagged {})) => self.0.compare_now.notify_one(),
                Some(Kind::EpochChanged(it)) => self.0.logs.meet_epoch(it.epoch, &mut effects),
                None => {}
            }
        }
        self.carry_out(effects);
        confirmed
    }

    fn deliver_room_event(&self, event: v1::RoomEvent, effects: &mut Effects) {
        let slot = event
            .room_id
            .parse()
            .ok()
            .and_then(|id| self.0.logs.room_of_epoch(event.epoch, id, effects));
        let Some(slot) = slot else {
            return;
        };
        let entry = Entry::of_room(event);
        slot.aside.count_participant(entry.effect);
        let stopped = typing::stopped_by(&slot, &entry);
        self.0.logs.receive(&slot, entry, effects);
        typing::stop_by_entry(&slot, stopped, &mut effects.wakes);
    }

    fn deliver_user_event(&self, event: v1::UserEvent, effects: &mut Effects) {
        if let Some(slot) = event
            .user_id
            .parse()
            .ok()
            .and_then(|id| self.0.logs.user(id))
        {
            self.0.logs.receive(&slot, Entry::of_user(event), effects);
        }
    }

    fn deliver_typing(&self, typing: &v1::Typing, effects: &mut Effects) {
        if let Some(slot) = self.room_named(&typing.room_id) {
            self.0
                .typings
                .receive(&slot, typing, Instant::now(), &mut effects.wakes);
        }
    }

    fn deliver_receipt(&self, receipt: v1::Receipt, effects: &mut Effects) {
        if let Some(slot) = self.room_named(&receipt.room_id) {
            self.0
                .receipts
                .receive(&slot, receipt, Instant::now(), &mut effects.wakes);
        }
    }

    fn room_named(&self, id: &str) -> Option<std::sync::Arc<RoomSlot>> {
        self.0.logs.room(id.parse().ok()?)
    }
}
