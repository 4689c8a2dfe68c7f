//! Reads what a log on this node lacks: a bounded number of readings a node.

use std::{future::Future, sync::Arc};

use kith_api::chat::v1::{GetRoomLogRequest, GetUserLogRequest};
use kith_delivery::{AnySlot, Filling, Key, Page, Slot, Wanted};
use kith_error::Failure;
use kith_ids::{RoomId, UserId};

use super::{Effects, Hub, entry::Entry};
use crate::ws::socket::Socket;

/// Entries a reading.
const PAGE: u32 = 500;

/// How such a log is read.
trait Read: Key<Socket> {
    /// Reads entries after a seq.
    fn read(
        self,
        hub: &Hub,
        after: u64,
    ) -> impl Future<Output = Result<Page<Entry>, Failure>> + Send;
}

impl Read for RoomId {
    fn read(
        self,
        hub: &Hub,
        after: u64,
    ) -> impl Future<Output = Result<Page<Entry>, Failure>> + Send {
        hub.read_room(self, after)
    }
}

impl Read for UserId {
    fn read(
        self,
        hub: &Hub,
        after: u64,
    ) -> impl Future<Output = Result<Page<Entry>, Failure>> + Send {
        hub.read_user(self, after)
    }
}

impl Hub {
    /// Reads a log that wants it, after its patience.
    pub(super) fn read(&self, wanted: Wanted<Socket>) {
        let hub = self.clone();
        self.0.tasks.spawn("ws.read", async move {
            tokio::time::sleep(wanted.patience).await;
            match wanted.slot {
                AnySlot::Room(slot) => hub.read_until_complete(&slot).await,
                AnySlot::User(slot) => hub.read_until_complete(&slot).await,
            }
        });
    }

    async fn read_until_complete<K: Read>(&self, slot: &Slot<K, Socket>) {
        let shutdown = self.0.tasks.shutdown();
        let mut filling = Filling::default();
        while let Some(after) = self.with_effects(|effects| filling.next(slot, effects)) {
            let page = match self.0.readings.acquire().await {
                Ok(_permit) => slot.key.read(self, after).await,
                Err(_) => return,
            };
            let page = page
                .inspect_err(|failure| {
                    tracing::warn!(%failure, log.key = %slot.key, "a log could not be read");
                })
                .ok();
            let pause = self.with_effects(|effects| filling.took(slot, after, page, effects));
            if let Some(pause) = pause {
                tokio::select! {
                    () = tokio::time::sleep(pause.mul_f64(kith_clock::jitter(0.2))) => {}
                    () = shutdown.signalled() => return,
                }
            }
        }
    }

    async fn read_room(&self, room_id: RoomId, after: u64) -> Result<Page<Entry>, Failure> {
        let request = GetRoomLogRequest {
            room_id: room_id.to_string(),
            after_seq: after,
            limit: PAGE,
        };
        let page = self.ask(request, |mut chat, request| async move {
            chat.get_room_log(request).await
        });
        let page = page.await?;
        self.with_effects(|effects| self.0.logs.meet_epoch(page.epoch, effects));
        Ok(Page {
            entries: page
                .events
                .into_iter()
                .map(|event| Arc::new(Entry::of_room(event)))
                .collect(),
            head: page.last_seq,
        })
    }

    async fn read_user(&self, user_id: UserId, after: u64) -> Result<Page<Entry>, Failure> {
        let request = GetUserLogRequest {
            user_id: user_id.to_string(),
            after_useq: after,
            limit: PAGE,
        };
        let page = self.ask(request, |mut chat, request| async move {
            chat.get_user_log(request).await
        });
        let page = page.await?;
        Ok(Page {
            entries: page
                .events
                .into_iter()
                .map(|event| Arc::new(Entry::of_user(event)))
                .collect(),
            head: page.useq,
        })
    }

    /// Calls the logs, and carries out what is to be done because of it.
    pub(super) fn with_effects<T>(&self, call: impl FnOnce(&mut Effects) -> T) -> T {
        let mut effects = Effects::default();
        let answer = call(&mut effects);
        self.carry_out(effects);
        answer
    }
}
