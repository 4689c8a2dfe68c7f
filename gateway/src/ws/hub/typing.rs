//! Who writes in the rooms of this node. A beginning is shown and ends by itself: a device that died says no end, and one that came late must not
//! show it for ever. The message itself ends it at once.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use kith_api::chat::v1;
use kith_delivery::Effect;
use kith_ids::UserId;
use kith_runtime::Shutdown;

use super::{RoomSlot, aside, entry::Entry, receipts::user_ids};
use crate::{
    wire,
    ws::{
        frames,
        framing::Frame,
        socket::{Socket, Wakes},
    },
};

/// How long a beginning counts without another one.
const LASTS: Duration = Duration::from_secs(6);
/// How often ends are looked for.
const TICK: Duration = Duration::from_millis(250);

/// Rooms of this node in which somebody writes.
#[derive(Debug, Default)]
pub(super) struct Typings(Mutex<Vec<Arc<RoomSlot>>>);

/// Those who write in one room.
#[derive(Debug, Default)]
pub(super) struct RoomTyping {
    /// Read at every message, without the lock.
    any: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    by_user: HashMap<UserId, Typer>,
    /// The room is in the node's list.
    is_listed: bool,
}

#[derive(Debug)]
struct Typer {
    until: Instant,
    /// Those to whom it was not shown.
    hidden_from: Vec<UserId>,
}

impl Typings {
    /// Shows that somebody writes, or stopped.
    pub(super) fn receive(
        &self,
        slot: &Arc<RoomSlot>,
        typing: &v1::Typing,
        now: Instant,
        wakes: &mut Wakes,
    ) {
        let Ok(user_id) = typing.user_id.parse::<UserId>() else {
            return;
        };
        if !typing.active {
            stop(slot, user_id, wakes);
            return;
        }
        let mut hidden_from = user_ids(&typing.hidden_from_ids);
        // One's own typing is no news on any of one's devices.
        hidden_from.push(user_id);
        show(slot, user_id, true, &hidden_from, wakes);
        let mut state = lock(&slot.aside.typing.state);
        let typer = Typer {
            until: now + LASTS,
            hidden_from: hidden_from.clone(),
        };
        let before = state.by_user.insert(user_id, typer);
        slot.aside.typing.any.store(true, Ordering::Release);
        if !state.is_listed {
            state.is_listed = true;
            lock(&self.0).push(slot.clone());
        }
        drop(state);
        if let Some(before) = before {
            // Somebody from whom it is hidden only now: a block came between the two.
            hidden_from.retain(|hidden| !before.hidden_from.contains(hidden));
            aside::show_to(slot, &frame(slot, user_id, false), &hidden_from, wakes);
        }
    }

    pub(super) async fn end_for_ever(&self, shutdown: &Shutdown) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(TICK) => self.end_due(Instant::now()),
                () = shutdown.signalled() => return,
            }
        }
    }

    fn end_due(&self, now: Instant) {
        let listed = std::mem::take(&mut *lock(&self.0));
        let mut wakes = Wakes::default();
        for slot in listed {
            let mut state = lock(&slot.aside.typing.state);
            let due: Vec<(UserId, Typer)> = state
                .by_user
                .extract_if(|_, typer| typer.until <= now)
                .collect();
            state.is_listed = !state.by_user.is_empty();
            slot.aside
                .typing
                .any
                .store(state.is_listed, Ordering::Release);
            if state.is_listed {
                lock(&self.0).push(slot.clone());
            }
            drop(state);
            for (user_id, typer) in due {
                show(&slot, user_id, false, &typer.hidden_from, &mut wakes);
            }
        }
    }
}

/// Whoever wrote what has just arrived does not write it any more, nor does who left.
pub(super) fn stop_by_entry(slot: &Arc<RoomSlot>, stopped: Option<UserId>, wakes: &mut Wakes) {
    if let Some(user_id) = stopped {
        stop(slot, user_id, wakes);
    }
}

/// Who stops writing with this entry, if anybody in the room writes at all.
pub(super) fn stopped_by(slot: &RoomSlot, entry: &Entry) -> Option<UserId> {
    if !slot.aside.typing.any.load(Ordering::Acquire) {
        return None;
    }
    match entry.effect {
        Effect::Left(user_id) => Some(user_id),
        _ => entry.own.as_ref().map(|own| own.sender),
    }
}

/// A block lies between a socket's person and somebody from now on: neither sees the other write. What others see of the person is told anew
/// by the socket, because only chat knows from whom it is hidden.
pub(crate) fn part(socket: &Arc<Socket>, other: UserId, wakes: &mut Wakes) {
    for slot in socket.following.rooms() {
        if !slot.aside.typing.any.load(Ordering::Acquire) {
            continue;
        }
        let mut state = lock(&slot.aside.typing.state);
        let typer = state.by_user.get_mut(&other);
        let was_shown = typer.is_some_and(|typer| {
            let is_new = !typer.hidden_from.contains(&socket.user_id);
            if is_new {
                typer.hidden_from.push(socket.user_id);
            }
            is_new
        });
        let is_writing = state.by_user.contains_key(&socket.user_id);
        drop(state);
        if was_shown {
            aside::show_to(&slot, &frame(&slot, other, false), &[socket.user_id], wakes);
        }
        if is_writing {
            socket.type_again(slot.key, wakes);
        }
    }
}

fn stop(slot: &RoomSlot, user_id: UserId, wakes: &mut Wakes) {
    let typer = lock(&slot.aside.typing.state).by_user.remove(&user_id);
    if let Some(typer) = typer {
        show(slot, user_id, false, &typer.hidden_from, wakes);
    }
}

fn show(slot: &RoomSlot, user_id: UserId, active: bool, hidden_from: &[UserId], wakes: &mut Wakes) {
    aside::show(slot, &frame(slot, user_id, active), hidden_from, wakes);
}

fn frame(slot: &RoomSlot, user_id: UserId, active: bool) -> Frame {
    frames::typing(&wire::Typing {
        room_id: slot.key.to_string(),
        user_id: user_id.to_string(),
        active,
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
