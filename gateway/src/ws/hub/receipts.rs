//! Live receipts: at most one a second for each person and room, the newest positions win; none in large rooms.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use kith_api::chat::v1;
use kith_ids::UserId;
use kith_runtime::Shutdown;

use super::{RoomSlot, aside};
use crate::{
    wire,
    ws::{frames, socket::Wakes},
};

/// Between two receipts of one person in one room.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often the delayed ones are looked at.
const TICK: Duration = Duration::from_millis(250);
/// Rooms with more participants have no live receipts.
const LARGEST_ROOM: i64 = 100;

/// Rooms of this node with receipts that wait.
#[derive(Debug, Default)]
pub(super) struct Receipts(Mutex<Vec<Arc<RoomSlot>>>);

/// The receipts of one room.
#[derive(Debug, Default)]
pub(super) struct RoomReceipts {
    by_user: HashMap<UserId, Pace>,
    /// The room is in the node's list.
    is_listed: bool,
}

#[derive(Debug)]
struct Pace {
    shown_at: Instant,
    waiting: Option<v1::Receipt>,
}

impl Receipts {
    /// Shows it now, or lets it wait and become newer.
    pub(super) fn receive(
        &self,
        slot: &Arc<RoomSlot>,
        receipt: v1::Receipt,
        now: Instant,
        wakes: &mut Wakes,
    ) {
        if slot.aside.participants() > LARGEST_ROOM {
            return;
        }
        let Ok(user_id) = receipt.user_id.parse::<UserId>() else {
            return;
        };
        let mut receipts = lock(&slot.aside.receipts);
        if let Some(receipt) = receipts.pace(user_id, receipt, now) {
            show(slot, receipt, user_id, wakes);
        }
        if !receipts.is_listed {
            receipts.is_listed = true;
            lock(&self.0).push(slot.clone());
        }
    }

    pub(super) async fn flush_for_ever(&self, shutdown: &Shutdown) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(TICK) => self.flush(Instant::now()),
                () = shutdown.signalled() => return,
            }
        }
    }

    fn flush(&self, now: Instant) {
        let listed = std::mem::take(&mut *lock(&self.0));
        let mut wakes = Wakes::default();
        for slot in listed {
            let mut receipts = lock(&slot.aside.receipts);
            for (user_id, receipt) in receipts.due(now) {
                show(&slot, receipt, user_id, &mut wakes);
            }
            receipts.is_listed = !receipts.by_user.is_empty();
            if receipts.is_listed {
                lock(&self.0).push(slot.clone());
            }
        }
    }
}

impl RoomReceipts {
    /// The receipt, if one may be shown now; else it waits, merged with one that waits already.
    fn pace(&mut self, user_id: UserId, receipt: v1::Receipt, now: Instant) -> Option<v1::Receipt> {
        let Some(pace) = self.by_user.get_mut(&user_id) else {
            let pace = Pace {
                shown_at: now,
                waiting: None,
            };
            self.by_user.insert(user_id, pace);
            return Some(receipt);
        };
        pace.waiting = Some(match pace.waiting.take() {
            Some(waiting) => merge(&waiting, receipt),
            None => receipt,
        });
        if now.saturating_duration_since(pace.shown_at) < INTERVAL {
            return None;
        }
        pace.shown_at = now;
        pace.waiting.take()
    }

    /// Those that have waited long enough; forgets people who were silent.
    fn due(&mut self, now: Instant) -> Vec<(UserId, v1::Receipt)> {
        let mut due = Vec::new();
        self.by_user.retain(|user_id, pace| {
            if now.saturating_duration_since(pace.shown_at) < INTERVAL {
                return true;
            }
            let Some(receipt) = pace.waiting.take() else {
                return false;
            };
            pace.shown_at = now;
            due.push((*user_id, receipt));
            true
        });
        due
    }
}

/// Positions only rise, whichever receipt came first.
fn merge(older: &v1::Receipt, newer: v1::Receipt) -> v1::Receipt {
    v1::Receipt {
        read_seq: older.read_seq.max(newer.read_seq),
        delivered_seq: older.delivered_seq.max(newer.delivered_seq),
        ..newer
    }
}

fn show(slot: &RoomSlot, receipt: v1::Receipt, user_id: UserId, wakes: &mut Wakes) {
    let mut hidden_from = user_ids(&receipt.hidden_from_ids);
    // One's own devices have `read.moved`.
    hidden_from.push(user_id);
    let frame = frames::receipt(&wire::Receipt::from(receipt));
    aside::show(slot, &frame, &hidden_from, wakes);
}

pub(super) fn user_ids(texts: &[String]) -> Vec<UserId> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use kith_clock::Clock;

    use super::*;

    fn receipt(read_seq: Option<u64>, delivered_seq: Option<u64>) -> v1::Receipt {
        v1::Receipt {
            read_seq,
            delivered_seq,
            ..v1::Receipt::default()
        }
    }

    #[test]
    fn within_a_second_positions_wait_and_become_one() {
        let mut receipts = RoomReceipts::default();
        let user = UserId::new(Clock::system().new_id());
        let now = Instant::now();

        assert!(receipts.pace(user, receipt(Some(1), None), now).is_some());
        assert!(receipts.pace(user, receipt(Some(3), None), now).is_none());
        assert!(receipts.pace(user, receipt(None, Some(4)), now).is_none());
        assert!(receipts.due(now + INTERVAL / 2).is_empty());

        let due = receipts.due(now + INTERVAL);
        assert_eq!(due, [(user, receipt(Some(3), Some(4)))]);
        assert!(receipts.due(now + INTERVAL * 2).is_empty());
        assert!(receipts.by_user.is_empty());
    }
}
