//! Who is connected to a gateway and who is on its lease; the difference is what is to be written. Pure.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use kith_ids::UserId;

use crate::domain::roster::Standing;

#[derive(Debug)]
pub(super) struct Members {
    coalesce: Duration,
    sockets: HashMap<u64, UserId>,
    devices: HashMap<UserId, u32>,
    on_lease: HashMap<UserId, Standing>,
    /// Connected and not on the lease, or the other way round; or they chose something.
    unsettled: HashSet<UserId>,
    restated: HashSet<UserId>,
    /// When people last left the lease, for as long as that slows them down.
    left_at: HashMap<UserId, Instant>,
}

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) joined: Vec<UserId>,
    pub(super) left: Vec<UserId>,
    pub(super) restated: Vec<UserId>,
}

impl Members {
    pub(super) fn new(coalesce: Duration) -> Self {
        Self {
            coalesce,
            sockets: HashMap::new(),
            devices: HashMap::new(),
            on_lease: HashMap::new(),
            unsettled: HashSet::new(),
            restated: HashSet::new(),
            left_at: HashMap::new(),
        }
    }

    /// A socket opened; true when something is to be written.
    pub(super) fn connect(&mut self, socket: u64, user: UserId) -> bool {
        if self.sockets.insert(socket, user).is_some() {
            return false;
        }
        let devices = self.devices.entry(user).or_insert(0);
        *devices += 1;
        *devices == 1 && self.differs(user)
    }

    /// A socket closed; true when something is to be written.
    pub(super) fn disconnect(&mut self, socket: u64) -> bool {
        let Some(user) = self.sockets.remove(&socket) else {
            return false;
        };
        let devices = self.devices.entry(user).or_insert(1);
        *devices -= 1;
        if *devices > 0 {
            return false;
        }
        self.devices.remove(&user);
        self.differs(user)
    }

    pub(super) fn user_of(&self, socket: u64) -> Option<UserId> {
        self.sockets.get(&socket).copied()
    }

    /// Somebody chose something.
    pub(super) fn restate(&mut self, user: UserId) {
        if self.on_lease.contains_key(&user) {
            self.restated.insert(user);
        }
    }

    /// Takes what may be written now. Somebody leaves at once, and the next time not before a while has passed: a phone that flaps stays.
    pub(super) fn take_changes(&mut self, now: Instant, limit: usize) -> Changes {
        let coalesce = self.coalesce;
        self.left_at
            .retain(|_, at| now.saturating_duration_since(*at) < coalesce);
        let mut changes = Changes::default();
        for user in &self.unsettled {
            if changes.joined.len() + changes.left.len() >= limit {
                break;
            }
            if self.devices.contains_key(user) {
                changes.joined.push(*user);
            } else if !self.left_at.contains_key(user) {
                changes.left.push(*user);
            }
        }
        for user in changes.joined.iter().chain(&changes.left) {
            self.unsettled.remove(user);
        }
        changes.restated = self.restated.drain().collect();
        changes
    }

    /// They could not be written.
    pub(super) fn give_back(&mut self, changes: Changes) {
        for user in changes.joined.into_iter().chain(changes.left) {
            self.differs(user);
        }
        self.restated.extend(changes.restated);
    }

    /// When there is something to write again.
    pub(super) fn next_change(&self, now: Instant, gather: Duration) -> Option<Instant> {
        if !self.restated.is_empty() {
            return Some(now + gather);
        }
        self.unsettled
            .iter()
            .map(|user| {
                let held = self.left_at.get(user).map(|at| *at + self.coalesce);
                match held {
                    Some(until) if !self.devices.contains_key(user) => until.max(now + gather),
                    _ => now + gather,
                }
            })
            .min()
    }

    /// This is written.
    pub(super) fn settle(&mut self, standings: &[Standing]) {
        for standing in standings {
            let user = standing.user;
            if standing.left {
                self.on_lease.remove(&user);
                self.left_at.insert(user, Instant::now());
            } else {
                self.on_lease.insert(user, standing.clone());
            }
            self.differs(user);
        }
    }

    pub(super) fn standing(&self, user: UserId) -> Option<&Standing> {
        self.on_lease.get(&user)
    }

    pub(super) fn standings(&self) -> impl Iterator<Item = &Standing> {
        self.on_lease.values()
    }

    pub(super) fn users(&self) -> impl Iterator<Item = UserId> {
        self.on_lease.keys().copied()
    }

    fn differs(&mut self, user: UserId) -> bool {
        let differs = self.devices.contains_key(&user) != self.on_lease.contains_key(&user);
        if differs {
            self.unsettled.insert(user);
        } else {
            self.unsettled.remove(&user);
        }
        differs
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::wish::Wish;

    const PAUSE: Duration = Duration::from_secs(5);

    fn user() -> UserId {
        UserId::new(Uuid::nil())
    }

    fn standing(left: bool) -> Standing {
        Standing {
            user: user(),
            left,
            wish: Wish::default(),
            last_seen: None,
        }
    }

    #[test]
    fn only_the_first_and_the_last_device_are_written() {
        let (mut members, now) = (Members::new(PAUSE), Instant::now());

        assert!(members.connect(1, user()));
        assert!(!members.connect(2, user()));
        assert_eq!(members.take_changes(now, 10).joined, [user()]);
        members.settle(&[standing(false)]);

        assert!(!members.disconnect(1));
        assert!(members.disconnect(2));
        assert!(!members.disconnect(2));
        assert_eq!(members.take_changes(now, 10).left, [user()]);
    }

    #[test]
    fn a_device_that_is_back_before_it_was_written_changes_nothing() {
        let (mut members, now) = (Members::new(PAUSE), Instant::now());
        members.connect(1, user());
        members.settle(&[standing(false)]);

        members.disconnect(1);
        members.connect(2, user());

        let changes = members.take_changes(now, 10);
        assert!(changes.joined.is_empty() && changes.left.is_empty());
    }

    #[test]
    fn who_left_just_now_leaves_again_only_after_a_while() {
        let mut members = Members::new(PAUSE);
        members.settle(&[standing(true)]);
        members.connect(1, user());
        members.settle(&[standing(false)]);
        members.disconnect(1);
        let now = Instant::now();

        assert!(members.take_changes(now, 10).left.is_empty());
        let next = members.next_change(now, Duration::ZERO).unwrap();

        assert!(next > now + PAUSE / 2 && next <= now + PAUSE);
        assert_eq!(members.take_changes(now + PAUSE, 10).left, [user()]);
    }
}
