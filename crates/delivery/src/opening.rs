//! A socket's way into its logs: subscribe, then read. What commits after the snapshot is either in a log that is followed
//! already or found behind its head, so that nothing falls between reading and listening.

use std::sync::Arc;

use kith_ids::RoomId;

use crate::{AnySlot, Effects, Logs, Socket, UserSlot};

/// A socket on its way in.
#[derive(Debug)]
pub struct Opening<S: Socket> {
    socket: Arc<S>,
    stage: Stage<S>,
}

#[derive(Debug)]
enum Stage<S: Socket> {
    Subscribing(Arc<UserSlot<S>>),
    Seating { rooms: Vec<AnySlot<S>>, useq: u64 },
    Open,
}

/// What has to happen next.
#[derive(Debug)]
pub enum Step<S: Socket> {
    /// Wait until the heads of all of these are known.
    Wait(Vec<AnySlot<S>>),
    /// Read where everything stands, and what the device lacks, in one snapshot; give it to [`Opening::read`].
    Read,
    /// Live: what was missed may be told, then what the socket's queue holds.
    Open,
}

/// Where everything stands for a person, in one snapshot of the primary.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Epoch of the logs.
    pub epoch: u64,
    /// Head of the person's log.
    pub useq: u64,
    /// The rooms that the person is in, with their heads.
    pub rooms: Vec<(RoomId, u64)>,
}

impl<S: Socket> Opening<S> {
    /// The person's log is subscribed to.
    pub fn new(socket: Arc<S>, logs: &Logs<S>, effects: &mut Effects<S>) -> Self {
        let slot = logs.open_user(socket.user_id(), effects);
        Self {
            socket,
            stage: Stage::Subscribing(slot),
        }
    }

    /// What has to happen next.
    pub fn next(&mut self, logs: &Arc<Logs<S>>, effects: &mut Effects<S>) -> Step<S> {
        match &self.stage {
            Stage::Subscribing(slot) if slot.is_established() => Step::Read,
            Stage::Subscribing(slot) => Step::Wait(vec![AnySlot::User(slot.clone())]),
            Stage::Seating { rooms, useq } => {
                let unknown: Vec<_> = rooms
                    .iter()
                    .filter(|slot| !slot.is_established())
                    .cloned()
                    .collect();
                if !unknown.is_empty() {
                    return Step::Wait(unknown);
                }
                logs.join_user(&self.socket, *useq, effects);
                self.stage = Stage::Open;
                Step::Open
            }
            Stage::Open => Step::Open,
        }
    }

    /// Takes the snapshot: seats the socket in its rooms, each with everything up to its head.
    pub fn read(&mut self, logs: &Logs<S>, snapshot: &Snapshot, effects: &mut Effects<S>) {
        logs.meet_epoch(snapshot.epoch, effects);
        let rooms = snapshot
            .rooms
            .iter()
            .map(|&(room_id, last_seq)| {
                AnySlot::Room(logs.join_room(&self.socket, room_id, last_seq, effects))
            })
            .collect();
        self.stage = Stage::Seating {
            rooms,
            useq: snapshot.useq,
        };
    }
}
