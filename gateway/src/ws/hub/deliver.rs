//! What the subscription stream brings, on its way to the slots.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use kith_api::chat::v1::{self, delivery::Delivery as Kind};

use super::{
    Hub,
    entry::Entry,
    slot::{LogKey, Slot},
    typing,
};
use crate::ws::socket::Wakes;

impl Hub {
    /// Takes what the subscription stream delivered; the sockets are woken when all of it is queued. Gives the ids of confirmed requests.
    pub(crate) fn deliver(&self, deliveries: Vec<v1::Delivery>) -> Vec<u64> {
        let mut wakes = Wakes::default();
        let mut confirmed = Vec::new();
        for delivery in deliveries {
            match delivery.delivery {
                Some(Kind::RoomEvent(event)) => self.deliver_room_event(event, &mut wakes),
                Some(Kind::UserEvent(event)) => self.deliver_user_event(event, &mut wakes),
                Some(Kind::Typing(typing)) => self.deliver_typing(&typing, &mut wakes),
                Some(Kind::Receipt(receipt)) => self.deliver_receipt(receipt, &mut wakes),
                Some(Kind::Confirmed(it)) => confirmed.push(it.request_id),
                Some(Kind::Lagged(v1::Lagged {})) => self.0.compare_now.notify_one(),
                Some(Kind::EpochChanged(it)) => self.meet_epoch(it.epoch),
                None => {}
            }
        }
        confirmed
    }

    fn deliver_room_event(&self, event: v1::RoomEvent, wakes: &mut Wakes) {
        self.meet_epoch(event.epoch);
        if event.epoch < self.0.epoch.load(Ordering::Acquire) {
            return;
        }
        let Some(slot) = event
            .room_id
            .parse()
            .ok()
            .and_then(|id| self.0.rooms.find(id))
        else {
            return;
        };
        let entry = Entry::of_room(event);
        slot.count_participant(entry.effect);
        let stopped = typing::stopped_by(&slot, &entry);
        self.receive(&slot, entry, wakes);
        typing::stop_by_entry(&slot, stopped, wakes);
    }

    fn deliver_user_event(&self, event: v1::UserEvent, wakes: &mut Wakes) {
        if let Some(slot) = event
            .user_id
            .parse()
            .ok()
            .and_then(|id| self.0.users.find(id))
        {
            self.receive(&slot, Entry::of_user(event), wakes);
        }
    }

    fn receive<K: LogKey>(&self, slot: &Arc<Slot<K>>, entry: Entry, wakes: &mut Wakes) {
        let mut log = slot.lock();
        log.receive(Arc::new(entry), wakes);
        self.read_if_wanted(slot, &mut log, wakes);
    }

    fn deliver_typing(&self, typing: &v1::Typing, wakes: &mut Wakes) {
        let Some(slot) = typing
            .room_id
            .parse()
            .ok()
            .and_then(|id| self.0.rooms.find(id))
        else {
            return;
        };
        self.0.typings.receive(&slot, typing, Instant::now(), wakes);
    }

    fn deliver_receipt(&self, receipt: v1::Receipt, wakes: &mut Wakes) {
        if let Some(slot) = receipt
            .room_id
            .parse()
            .ok()
            .and_then(|id| self.0.rooms.find(id))
        {
            self.0
                .receipts
                .receive(&slot, receipt, Instant::now(), wakes);
        }
    }
}
