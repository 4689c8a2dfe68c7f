//! Anti-entropy: compares the heads of all followed logs with chat's, every few seconds and whenever something may have
//! been lost. A live event that never came is found here; nothing depends on the bus.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use kith_api::chat::v1::{GetHeadsRequest, GetHeadsResponse};
use kith_error::Failure;
use kith_ids::{RoomId, UserId};
use kith_runtime::Shutdown;

use super::{
    Batch, Change, Hub, node,
    slot::{LogKey, Slot},
};
use crate::ws::{MAX_ANSWER, socket::Wakes};

/// Between two comparisons of one log, give or take a fifth.
const INTERVAL: Duration = Duration::from_secs(5);
/// Rooms, and people, a call.
const CHUNK: usize = 1_000;
/// How long a log that nobody follows stays subscribed: people reconnect.
const LINGER: Duration = Duration::from_secs(30);
/// How long entries stay for those who catch up: from a device's snapshot to its first live event.
const TAIL_MEMORY: Duration = Duration::from_secs(5);
/// A wall clock that went this much further than ours: the machine slept.
const CLOCK_JUMP: Duration = Duration::from_secs(2);

impl Hub {
    pub(super) async fn compare_for_ever(&self, shutdown: &Shutdown) {
        loop {
            let (began, wall) = (Instant::now(), self.0.clock.now());
            let interval = INTERVAL.mul_f64(kith_clock::jitter(0.2));
            let is_urgent = tokio::select! {
                () = tokio::time::sleep(interval) => {
                    let walked = (self.0.clock.now() - wall).abs().to_std().unwrap_or_default();
                    walked.abs_diff(began.elapsed()) > CLOCK_JUMP
                }
                () = self.0.compare_now.notified() => true,
                () = shutdown.signalled() => return,
            };
            self.sweep();
            self.compare_all(is_urgent).await;
        }
    }

    /// All logs, in chunks; spread over half of the interval unless it is urgent.
    async fn compare_all(&self, is_urgent: bool) {
        let Batch { rooms, users } = self.everything();
        let count = rooms.len().max(users.len()).div_ceil(CHUNK);
        let mut rooms = rooms.chunks(CHUNK);
        let mut users = users.chunks(CHUNK);
        for chunk in 0..count {
            let batch = Batch {
                rooms: rooms.next().unwrap_or_default().to_vec(),
                users: users.next().unwrap_or_default().to_vec(),
            };
            if let Err(failure) = self.compare_chunk(&batch, false).await {
                tracing::debug!(%failure, "heads could not be compared");
                return;
            }
            if !is_urgent && chunk + 1 < count {
                let pieces = u32::try_from(count).unwrap_or(u32::MAX);
                tokio::time::sleep(INTERVAL / 2 / pieces).await;
            }
        }
    }

    /// Compares these; `establishing` when they have just been subscribed to.
    pub(super) async fn compare(&self, batch: &Batch, establishing: bool) -> Result<(), Failure> {
        let count = batch.rooms.len().max(batch.users.len()).div_ceil(CHUNK);
        let mut rooms = batch.rooms.chunks(CHUNK);
        let mut users = batch.users.chunks(CHUNK);
        for _ in 0..count {
            let chunk = Batch {
                rooms: rooms.next().unwrap_or_default().to_vec(),
                users: users.next().unwrap_or_default().to_vec(),
            };
            self.compare_chunk(&chunk, establishing).await?;
        }
        Ok(())
    }

    async fn compare_chunk(&self, batch: &Batch, establishing: bool) -> Result<(), Failure> {
        let heads = self
            .0
            .chat
            .delivery(&node())
            .max_decoding_message_size(MAX_ANSWER)
            .get_heads(GetHeadsRequest {
                room_ids: batch
                    .rooms
                    .iter()
                    .map(|slot| slot.key.to_string())
                    .collect(),
                user_ids: batch
                    .users
                    .iter()
                    .map(|slot| slot.key.to_string())
                    .collect(),
            })
            .await
            .map_err(|status| Failure::from(&status))?
            .into_inner();
        let GetHeadsResponse {
            epoch,
            rooms,
            users,
        } = heads;
        self.meet_epoch(epoch);
        let rooms: HashMap<RoomId, u64> = rooms
            .iter()
            .filter_map(|head| Some((head.room_id.parse().ok()?, head.last_seq)))
            .collect();
        let users: HashMap<UserId, u64> = users
            .iter()
            .filter_map(|head| Some((head.user_id.parse().ok()?, head.useq)))
            .collect();
        for slot in &batch.rooms {
            self.meet_head(slot, rooms.get(&slot.key).copied(), establishing);
        }
        for slot in &batch.users {
            self.meet_head(slot, users.get(&slot.key).copied(), establishing);
        }
        Ok(())
    }

    /// A log without entries is not named, so its head is 0. Only a head read after the subscription establishes.
    fn meet_head<K: LogKey>(&self, slot: &Arc<Slot<K>>, head: Option<u64>, establishing: bool) {
        let head = head.unwrap_or(0);
        let mut wakes = Wakes::default();
        let mut log = slot.lock();
        if establishing {
            slot.establish(&mut log, head, &mut wakes);
        } else {
            log.hear_of(head);
        }
        self.read_if_wanted(slot, &mut log, &mut wakes);
    }

    fn sweep(&self) {
        let now = Instant::now();
        let oldest = now.checked_sub(TAIL_MEMORY).unwrap_or(now);
        for slot in self.0.rooms.all() {
            slot.lock().forget_tail(oldest);
        }
        for slot in self.0.users.all() {
            slot.lock().forget_tail(oldest);
        }
        let changes = &self.0.changes;
        self.0.rooms.sweep(now, LINGER, changes, Change::RemoveRoom);
        self.0.users.sweep(now, LINGER, changes, Change::RemoveUser);
    }
}
