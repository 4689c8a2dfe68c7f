//! What this node knows and whom it tells: the roster, the streams of its gateways, who watches whom. One lock, held for moments and never across
//! a wait; what must be asked of others is asked by the use cases and brought here.

mod state;
mod watching;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use kith_clock::Clock;
use kith_error::Failure;
use kith_ids::UserId;
use tokio::sync::{Notify, mpsc};

use self::state::State;
pub(crate) use self::watching::{PendingLook, WatcherId};
use crate::{
    domain::{
        appearance::{Appearance, View},
        pace::Cause,
        roster::{LeaseId, Standing},
        wish::Wish,
    },
    store::visibility::VisibilityChange,
};

/// News that a gateway may be behind before its stream is ended: it attaches again and looks anew.
const STREAM_QUEUE: usize = 16_384;

/// One gateway's stream on this node.
pub(crate) type StreamId = u64;

/// What a gateway is told.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    /// How often it must beat.
    Welcome(Duration),
    Watched(u64, Vec<Appearance>),
    Done(u64),
    Failed(u64, Failure),
    Change(Appearance, Vec<u64>),
}

/// What the keeper of a lease on this node is told.
#[derive(Debug, Clone, Copy)]
pub(crate) enum KeeperOrder {
    /// Somebody on the lease chose something; other nodes must find it there.
    Restate(UserId),
}

/// The ends of a new stream.
pub(crate) struct OpenStream {
    pub id: StreamId,
    pub news: mpsc::Receiver<Told>,
    pub orders: mpsc::UnboundedReceiver<KeeperOrder>,
}

/// What became of a hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    Applied,
    /// Hints before it were lost: the lease must be read.
    Gap,
}

/// Shared by everything on the node.
#[derive(Debug)]
pub(crate) struct Board {
    state: Mutex<State>,
    clock: Clock,
    /// Looks wait for friends' word.
    pub unresolved: Notify,
}

impl Board {
    pub(crate) fn new(clock: Clock, coalesce: Duration) -> Self {
        Self {
            state: Mutex::new(State::new(coalesce)),
            clock,
            unresolved: Notify::new(),
        }
    }

    /// A gateway attached; its lease is kept here until the stream ends.
    pub(crate) fn open_stream(&self, lease: LeaseId) -> OpenStream {
        let (sender, news) = mpsc::channel(STREAM_QUEUE);
        let (order, orders) = mpsc::unbounded_channel();
        let id = self.state().open_stream(lease, sender, order);
        OpenStream { id, news, orders }
    }

    /// A stream ended. Its people stay until the lease does.
    pub(crate) fn close_stream(&self, stream: StreamId) {
        self.state().close_stream(stream, Instant::now());
    }

    pub(crate) fn tell(&self, stream: StreamId, told: Told) {
        self.state().tell(stream, told);
    }

    /// Changes on a lease, in the order of its revisions; those who watch are told.
    pub(crate) fn apply(&self, lease: LeaseId, revision: u64, standings: &[Standing]) {
        let mut state = self.state();
        let changed = state.roster.apply(lease, revision, standings);
        self.show(&mut state, &changed, Cause::Connection);
    }

    /// The same as another node tells it.
    pub(crate) fn hear(&self, lease: LeaseId, revision: u64, standings: &[Standing]) -> Heard {
        let mut state = self.state();
        if state.is_kept(lease) {
            return Heard::Applied;
        }
        let known = state.roster.revision(lease).unwrap_or(0);
        if revision <= known {
            return Heard::Applied;
        }
        if revision > known + 1 {
            return Heard::Gap;
        }
        let chosen = state.newer_choices(standings);
        let changed = state.roster.apply(lease, revision, standings);
        state.restate(&chosen, lease);
        let (by_choice, by_connection): (Vec<_>, Vec<_>) =
            changed.into_iter().partition(|user| chosen.contains(user));
        self.show(&mut state, &by_connection, Cause::Connection);
        self.show(&mut state, &by_choice, Cause::Choice);
        Heard::Applied
    }

    /// A lease of another node as the store has it. Gives those who look different: when they were last seen must be asked before they are shown.
    pub(crate) fn replace(
        &self,
        lease: LeaseId,
        revision: u64,
        standings: &[Standing],
    ) -> Vec<UserId> {
        let mut state = self.state();
        let is_older = state
            .roster
            .revision(lease)
            .is_some_and(|known| known >= revision);
        if is_older || state.is_kept(lease) {
            return Vec::new();
        }
        state.roster.replace(lease, revision, standings)
    }

    /// Leases of which this node heard and that are not its own, with the revision that it knows.
    pub(crate) fn foreign_leases(&self) -> HashMap<LeaseId, u64> {
        let state = self.state();
        state
            .roster
            .leases()
            .into_iter()
            .filter(|lease| !state.is_kept(*lease))
            .filter_map(|lease| Some((lease, state.roster.revision(lease)?)))
            .collect()
    }

    pub(crate) fn is_kept(&self, lease: LeaseId) -> bool {
        self.state().is_kept(lease)
    }

    /// Leases whose stream on this node ended so long ago that they have ended too, whatever the store says.
    pub(crate) fn outlived(&self, life: Duration) -> Vec<LeaseId> {
        self.state().outlived(Instant::now(), life)
    }

    /// A lease has ended. Gives those who are not here any more, as [`Board::replace`] does.
    pub(crate) fn drop_lease(&self, lease: LeaseId) -> Vec<UserId> {
        let mut state = self.state();
        if state.is_kept(lease) {
            return Vec::new();
        }
        state.forget_lease(lease)
    }

    /// Shows people as they are now to those who watch them.
    pub(crate) fn show_changed(&self, users: &[UserId]) {
        let mut state = self.state();
        self.show(&mut state, users, Cause::Connection);
    }

    /// Those of these people whom somebody on this node watches.
    pub(crate) fn watched(&self, users: &[UserId]) -> Vec<UserId> {
        let state = self.state();
        users
            .iter()
            .copied()
            .filter(|user| state.watching.is_watched(*user))
            .collect()
    }

    /// When people were last seen, as the database has it.
    pub(crate) fn learn_seen(&self, seen: Vec<(UserId, Option<DateTime<Utc>>)>) {
        let mut state = self.state();
        for (user, last_seen) in seen {
            state.roster.learn_seen(user, last_seen);
        }
    }

    /// Somebody chose something; it is durable.
    pub(crate) fn choose(&self, user: UserId, wish: &Wish, last_seen: Option<DateTime<Utc>>) {
        let mut state = self.state();
        let differs = state.roster.choose(user, wish, last_seen);
        state.restate_everywhere(user);
        if differs {
            self.show(&mut state, &[user], Cause::Choice);
        }
    }

    /// What somebody chose, and when they were last seen before, while they are here.
    pub(crate) fn wish(&self, user: UserId) -> Option<(Wish, Option<DateTime<Utc>>)> {
        let state = self.state();
        let wish = state.roster.here(user)?.clone();
        Some((wish, state.roster.last_seen(user)))
    }

    /// A socket watches these people from now on; nothing is shown of them until it is known what may be.
    pub(crate) fn watch(
        &self,
        watcher: WatcherId,
        viewer: UserId,
        request: u64,
        users: &[UserId],
    ) -> Vec<PendingLook> {
        let mut state = self.state();
        if !state.has_stream(watcher.stream) {
            return Vec::new();
        }
        let (looks, touched) = state.watching.replace(watcher, viewer, request, users);
        state.note_watched(&touched);
        looks
    }

    /// A socket watches nobody any more.
    pub(crate) fn unwatch(&self, watcher: WatcherId) {
        let mut state = self.state();
        let touched = state.watching.remove(watcher);
        state.note_watched(&touched);
    }

    /// Answers a `watch` with how people look through these views; who was hidden meanwhile is left out.
    pub(crate) fn answer(&self, watcher: WatcherId, request: u64, looks: &[(PendingLook, View)]) {
        let mut state = self.state();
        let now = self.clock.now();
        let mut appearances = Vec::with_capacity(looks.len());
        for (look, view) in looks {
            if state.watching.settle(look, *view) {
                appearances.extend(state.appearance(look.user, *view, now));
            }
        }
        state.tell(watcher.stream, Told::Watched(request, appearances));
    }

    /// How people look through these views now; `seen` is when they were last here, as the database has it.
    pub(crate) fn look(
        &self,
        views: &[(UserId, View)],
        seen: &HashMap<UserId, Option<DateTime<Utc>>>,
    ) -> Vec<Appearance> {
        let (state, now) = (self.state(), self.clock.now());
        views
            .iter()
            .filter_map(|(user, view)| {
                let last_seen = seen.get(user).copied().flatten();
                state.appearance_with(*user, *view, last_seen, now)
            })
            .collect()
    }

    /// Who may see whom has changed: hides it until friends has been asked.
    pub(crate) fn invalidate(&self, changes: &[VisibilityChange]) {
        let mut state = self.state();
        let mut any = false;
        for change in changes {
            any |= state.watching.invalidate(*change);
        }
        drop(state);
        if any {
            self.unresolved.notify_one();
        }
    }

    /// Some of the looks that wait for friends' word.
    pub(crate) fn take_unresolved(&self, limit: usize) -> Vec<PendingLook> {
        self.state().watching.take_unresolved(limit)
    }

    /// They must wait longer.
    pub(crate) fn give_back(&self, looks: &[PendingLook]) {
        self.state().watching.give_back(looks);
    }

    /// What these looks show from now on; each socket is told.
    pub(crate) fn resolve(&self, looks: &[(PendingLook, View)]) {
        let mut state = self.state();
        let now = self.clock.now();
        for (look, view) in looks {
            if !state.watching.settle(look, *view) {
                continue;
            }
            if let Some(appearance) = state.appearance(look.user, *view, now) {
                let sockets = vec![look.watcher.socket];
                state.tell(look.watcher.stream, Told::Change(appearance, sockets));
            }
        }
    }

    /// Shows what has waited long enough, and what ended by itself.
    pub(crate) fn tick(&self) {
        let mut state = self.state();
        let now = Instant::now();
        let due = state.pacer.take_due(now);
        self.show(&mut state, &due, Cause::Connection);
        let expired = state.take_expired(self.clock.now());
        self.show(&mut state, &expired, Cause::Choice);
    }

    /// The store of leases does not answer, or does again; true when that is news.
    pub(crate) fn set_degraded(&self, is_degraded: bool) -> bool {
        let mut state = self.state();
        std::mem::replace(&mut state.is_degraded, is_degraded) != is_degraded
    }

    /// Everybody whom somebody watches.
    pub(crate) fn all_watched(&self) -> Vec<UserId> {
        self.state().watching.all_watched()
    }

    fn show(&self, state: &mut State, users: &[UserId], cause: Cause) {
        let (now, time) = (Instant::now(), self.clock.now());
        for user in users {
            state.show(*user, cause, now, time);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
