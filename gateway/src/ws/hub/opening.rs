//! Sockets come into their logs, go on where they were detached, and leave.

use std::{sync::Arc, time::Duration};

use kith_api::chat::v1::SyncResponse;
use kith_delivery::{AnySlot, Key, Opening, Slot, Snapshot, Step};
use kith_error::Failure;
use kith_ids::RoomId;

use super::Hub;
use crate::ws::socket::Socket;

/// How long the connecting socket waits for its subscriptions.
const ESTABLISHING: Duration = Duration::from_secs(8);

impl Hub {
    /// Seats a socket in everything it follows. `sync` reads where everything stands, in one snapshot.
    pub(crate) async fn open(
        &self,
        socket: &Arc<Socket>,
        sync: impl AsyncFnOnce() -> Result<SyncResponse, Failure>,
    ) -> Result<SyncResponse, Failure> {
        let logs = &self.0.logs;
        let mut opening = self.with_effects(|effects| Opening::new(socket.clone(), logs, effects));
        let mut sync = Some(sync);
        let mut synced = None;
        loop {
            match self.with_effects(|effects| opening.next(logs, effects)) {
                Step::Wait(slots) => await_established(&slots).await?,
                Step::Read => {
                    // Asked for once.
                    let Some(sync) = sync.take() else {
                        return Err(Failure::internal());
                    };
                    let answer = sync().await?;
                    let snapshot = snapshot(&answer)?;
                    self.with_effects(|effects| opening.read(logs, &snapshot, effects));
                    self.count_participants(&answer);
                    synced = Some(answer);
                }
                Step::Open => return synced.ok_or_else(Failure::internal),
            }
        }
    }

    /// A detached room goes on: the device has fetched everything up to `cursor`.
    pub(crate) fn rejoin_room(&self, socket: &Socket, room_id: RoomId, cursor: u64) {
        self.with_effects(|effects| self.0.logs.rejoin_room(socket, room_id, cursor, effects));
    }

    /// Whether what was read of this epoch may go to the sockets that are here.
    pub(crate) fn admits(&self, epoch: u64) -> bool {
        self.with_effects(|effects| self.0.logs.admits(epoch, effects))
    }

    /// The person's log goes on where it stopped.
    pub(crate) fn rejoin_user(&self, socket: &Socket) {
        self.with_effects(|effects| self.0.logs.rejoin_user(socket, effects));
    }

    /// Takes a socket out of everything.
    pub(crate) fn leave(&self, socket: &Socket) {
        self.0.logs.leave(socket);
    }

    fn count_participants(&self, answer: &SyncResponse) {
        for membership in &answer.memberships {
            let slot = membership.room_id.parse().ok();
            if let Some(slot) = slot.and_then(|room_id| self.0.logs.room(room_id)) {
                slot.aside.set_participants(membership.participant_count);
            }
        }
    }
}

fn snapshot(answer: &SyncResponse) -> Result<Snapshot, Failure> {
    let rooms = answer
        .memberships
        .iter()
        .map(|membership| Some((membership.room_id.parse().ok()?, membership.last_seq)))
        .collect::<Option<_>>();
    Ok(Snapshot {
        epoch: answer.epoch,
        useq: answer.useq,
        rooms: rooms.ok_or_else(Failure::internal)?,
    })
}

async fn await_established(slots: &[AnySlot<Socket>]) -> Result<(), Failure> {
    let all = async {
        for slot in slots {
            match slot {
                AnySlot::Room(slot) => established(slot).await,
                AnySlot::User(slot) => established(slot).await,
            }
        }
    };
    tokio::time::timeout(ESTABLISHING, all)
        .await
        .map_err(|_| Failure::unavailable(Duration::from_secs(1)))
}

/// Waits until the head is known.
async fn established<K: Key<Socket>>(slot: &Slot<K, Socket>) {
    loop {
        let notified = slot.aside.established.notified();
        tokio::pin!(notified);
        // Registered before the look, or a head that comes in between would be slept over.
        notified.as_mut().enable();
        if slot.is_established() {
            return;
        }
        notified.await;
    }
}
