//! Reads what a log on this node lacks: at most one reading a log, a bounded number a node.

use std::{sync::Arc, time::Duration};

use kith_api::chat::v1::{GetRoomLogRequest, GetUserLogRequest};
use kith_error::Failure;
use kith_ids::{RoomId, UserId};

use super::{
    Hub,
    entry::Entry,
    log::{Log, Reading},
    node,
    slot::{LogKey, Slot},
};
use crate::ws::{MAX_ANSWER, socket::Wakes};

/// How long a missing entry may still come by itself: two nodes' publishes may overtake each other.
const PATIENCE: Duration = Duration::from_millis(25);
/// Entries a reading.
const PAGE: u32 = 500;
/// Between attempts that failed.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Hub {
    /// Starts reading if the log wants it and nobody reads.
    pub(super) fn read_if_wanted<K: LogKey>(
        &self,
        slot: &Arc<Slot<K>>,
        log: &mut Log<K::Seat>,
        wakes: &mut Wakes,
    ) {
        if log.is_read || log.wants_reading(wakes).is_none() {
            return;
        }
        log.is_read = true;
        let patience = if log.has_waiting() {
            Duration::ZERO
        } else {
            PATIENCE
        };
        let (hub, slot) = (self.clone(), slot.clone());
        self.0.tasks.spawn("ws.read", async move {
            tokio::time::sleep(patience).await;
            hub.read_until_complete(&slot).await;
        });
    }

    async fn read_until_complete<K: LogKey>(&self, slot: &Slot<K>) {
        let shutdown = self.0.tasks.shutdown();
        let mut pause = PAUSE;
        while let Some(after) = Self::next_reading(slot) {
            let reading = match self.0.readings.acquire().await {
                Ok(_permit) => slot.key.read(self, after).await,
                Err(_) => return,
            };
            match reading {
                Ok(reading) => {
                    let has_progressed = reading.through > after;
                    let mut wakes = Wakes::default();
                    slot.lock().apply_reading(reading, &mut wakes);
                    if has_progressed {
                        pause = PAUSE;
                        continue;
                    }
                }
                Err(failure) => {
                    tracing::warn!(%failure, log.key = %slot.key, "a log could not be read");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause.mul_f64(kith_clock::jitter(0.2))) => {}
                () = shutdown.signalled() => return,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// What to read next; nothing ends the reading, under the same lock that would start another.
    fn next_reading<K: LogKey>(slot: &Slot<K>) -> Option<u64> {
        let mut wakes = Wakes::default();
        let mut log = slot.lock();
        let after = if log.is_closed {
            None
        } else {
            log.wants_reading(&mut wakes)
        };
        log.is_read = after.is_some();
        after
    }

    pub(super) async fn read_room(&self, room_id: RoomId, after: u64) -> Result<Reading, Failure> {
        let page = self
            .0
            .chat
            .delivery(&node())
            .max_decoding_message_size(MAX_ANSWER)
            .get_room_log(GetRoomLogRequest {
                room_id: room_id.to_string(),
                after_seq: after,
                limit: PAGE,
            })
            .await
            .map_err(|status| Failure::from(&status))?
            .into_inner();
        self.meet_epoch(page.epoch);
        let entries: Vec<_> = page
            .events
            .into_iter()
            .map(|event| Arc::new(Entry::of_room(event)))
            .collect();
        Ok(Reading {
            after,
            // A room's log has no holes, so it is complete up to the last entry that came.
            through: entries.last().map_or(after, |entry| entry.seq),
            entries,
            head: page.last_seq,
        })
    }

    pub(super) async fn read_user(&self, user_id: UserId, after: u64) -> Result<Reading, Failure> {
        let page = self
            .0
            .chat
            .delivery(&node())
            .max_decoding_message_size(MAX_ANSWER)
            .get_user_log(GetUserLogRequest {
                user_id: user_id.to_string(),
                after_useq: after,
                limit: PAGE,
            })
            .await
            .map_err(|status| Failure::from(&status))?
            .into_inner();
        let entries: Vec<_> = page
            .events
            .into_iter()
            .map(|event| Arc::new(Entry::of_user(event)))
            .collect();
        Ok(Reading {
            after,
            // A person's log has holes where entries were superseded; an empty page reaches the head over them.
            through: entries
                .last()
                .map_or(page.useq.max(after), |entry| entry.seq),
            entries,
            head: page.useq,
        })
    }
}
