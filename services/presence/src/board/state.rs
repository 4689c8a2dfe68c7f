//! What is behind the board's lock.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use kith_ids::UserId;
use tokio::sync::mpsc;

use super::{KeeperOrder, StreamId, Told, watching::Watching};
use crate::domain::{
    appearance::{Appearance, Facts, View},
    pace::{Cause, Pacer},
    roster::{LeaseId, Roster, Standing},
};

#[derive(Debug)]
pub(super) struct State {
    pub(super) roster: Roster,
    pub(super) watching: Watching,
    pub(super) pacer: Pacer,
    /// Only this node's own leases are certain.
    pub(super) is_degraded: bool,
    streams: HashMap<StreamId, Stream>,
    /// Leases whose stream is on this node.
    kept: HashMap<LeaseId, StreamId>,
    /// Leases whose stream ended here, and when.
    ended: HashMap<LeaseId, Instant>,
    next_stream: StreamId,
    /// Up to when custom statuses were looked through.
    looked_through: Option<DateTime<Utc>>,
}

#[derive(Debug)]
struct Stream {
    lease: LeaseId,
    news: mpsc::Sender<Told>,
    orders: mpsc::UnboundedSender<KeeperOrder>,
}

impl State {
    pub(super) fn new(coalesce: Duration) -> Self {
        Self {
            roster: Roster::default(),
            watching: Watching::default(),
            pacer: Pacer::new(coalesce),
            is_degraded: false,
            streams: HashMap::new(),
            kept: HashMap::new(),
            ended: HashMap::new(),
            next_stream: 1,
            looked_through: None,
        }
    }

    pub(super) fn open_stream(
        &mut self,
        lease: LeaseId,
        news: mpsc::Sender<Told>,
        orders: mpsc::UnboundedSender<KeeperOrder>,
    ) -> StreamId {
        let id = self.next_stream;
        self.next_stream += 1;
        let stream = Stream {
            lease,
            news,
            orders,
        };
        self.streams.insert(id, stream);
        self.kept.insert(lease, id);
        metrics::gauge!("kith_presence_leases").increment(1);
        id
    }

    pub(super) fn close_stream(&mut self, id: StreamId, now: Instant) {
        let Some(stream) = self.streams.remove(&id) else {
            return;
        };
        metrics::gauge!("kith_presence_leases").decrement(1);
        self.kept.remove(&stream.lease);
        self.ended.insert(stream.lease, now);
        let touched = self.watching.remove_stream(id);
        self.note_watched(&touched);
    }

    pub(super) fn has_stream(&self, id: StreamId) -> bool {
        self.streams.contains_key(&id)
    }

    /// Queues news; a gateway that does not read loses its stream, and attaches again.
    pub(super) fn tell(&mut self, id: StreamId, told: Told) {
        let is_lost = self
            .streams
            .get(&id)
            .is_some_and(|stream| stream.news.try_send(told).is_err());
        if is_lost {
            metrics::counter!("kith_presence_streams_overflowed_total").increment(1);
            self.close_stream(id, Instant::now());
        }
    }

    pub(super) fn is_kept(&self, lease: LeaseId) -> bool {
        self.kept.contains_key(&lease)
    }

    pub(super) fn outlived(&self, now: Instant, life: Duration) -> Vec<LeaseId> {
        self.ended
            .iter()
            .filter(|(_, since)| now.saturating_duration_since(**since) >= life)
            .map(|(lease, _)| *lease)
            .collect()
    }

    pub(super) fn forget_lease(&mut self, lease: LeaseId) -> Vec<UserId> {
        self.ended.remove(&lease);
        self.roster.drop_lease(lease)
    }

    /// The roster keeps whoever is watched.
    pub(super) fn note_watched(&mut self, touched: &[UserId]) {
        for user in touched {
            let is_watched = self.watching.is_watched(*user);
            self.roster.watch(*user, is_watched);
        }
    }

    /// Those of whom a newer choice is told than is known.
    pub(super) fn newer_choices(&self, standings: &[Standing]) -> HashSet<UserId> {
        standings
            .iter()
            .filter(|standing| {
                self.roster
                    .here(standing.user)
                    .is_some_and(|wish| wish.version < standing.wish.version)
            })
            .map(|standing| standing.user)
            .collect()
    }

    /// What these people chose must be found on the leases of this node too.
    pub(super) fn restate(&self, users: &HashSet<UserId>, heard_on: LeaseId) {
        for user in users {
            self.order(*user, |lease| lease != heard_on);
        }
    }

    pub(super) fn restate_everywhere(&self, user: UserId) {
        self.order(user, |_| true);
    }

    fn order(&self, user: UserId, wanted: impl Fn(LeaseId) -> bool) {
        for lease in self.roster.leases_of(user) {
            if let Some(stream) = self.kept.get(lease).filter(|_| wanted(*lease))
                && let Some(stream) = self.streams.get(stream)
            {
                // Fails only when the keeper has ended.
                let _ = stream.orders.send(KeeperOrder::Restate(user));
            }
        }
    }

    /// How somebody looks; none when nothing is certain: who is not on a lease of this node may be on one that it cannot see.
    pub(super) fn appearance(
        &self,
        user: UserId,
        view: View,
        now: DateTime<Utc>,
    ) -> Option<Appearance> {
        self.appearance_with(user, view, None, now)
    }

    /// The same, knowing more of when they were last seen.
    pub(super) fn appearance_with(
        &self,
        user: UserId,
        view: View,
        last_seen: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<Appearance> {
        if self.is_degraded && !self.is_surely_here(user) {
            return None;
        }
        let facts = Facts {
            user,
            here: self.roster.here(user),
            last_seen: self.roster.last_seen(user).max(last_seen),
        };
        Some(facts.through(view, now))
    }

    fn is_surely_here(&self, user: UserId) -> bool {
        self.roster
            .leases_of(user)
            .iter()
            .any(|lease| self.is_kept(*lease))
    }

    /// Tells those who watch somebody how they look now, or later if they were shown just now.
    pub(super) fn show(&mut self, user: UserId, cause: Cause, now: Instant, time: DateTime<Utc>) {
        let groups = self.watching.groups(user);
        if groups.is_empty() {
            return;
        }
        if !self.pacer.admit(user, cause, now) {
            metrics::counter!("kith_presence_changes_total", "result" => "held").increment(1);
            return;
        }
        let mut any = false;
        for ((stream, view), sockets) in groups {
            if let Some(appearance) = self.appearance(user, view, time) {
                self.tell(stream, Told::Change(appearance, sockets));
                any = true;
            }
        }
        if any {
            metrics::counter!("kith_presence_changes_total", "result" => "shown").increment(1);
            self.pacer.shown(user, cause, now);
        }
    }

    /// Those whose custom status ended since the last look.
    pub(super) fn take_expired(&mut self, now: DateTime<Utc>) -> Vec<UserId> {
        let before = self.looked_through.replace(now).unwrap_or(now);
        self.roster.expired(before, now)
    }
}
