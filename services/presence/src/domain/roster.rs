//! Who is on which lease, as far as this node knows: its own leases exactly, those of others by hints and the store.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use kith_ids::UserId;
use uuid::Uuid;

use super::wish::{Choice, Wish};

/// One gateway stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LeaseId(pub Uuid);

/// How somebody stands on a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub user: UserId,
    /// They have left it.
    pub left: bool,
    pub wish: Wish,
    pub last_seen: Option<DateTime<Utc>>,
}

/// Everybody who is here, and those who are watched.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    leases: HashMap<LeaseId, Lease>,
    people: HashMap<UserId, Person>,
}

#[derive(Debug, Default)]
struct Lease {
    revision: u64,
    users: HashSet<UserId>,
}

#[derive(Debug, Default)]
struct Person {
    leases: Vec<LeaseId>,
    wish: Wish,
    /// When they were last visibly connected, as far as this node heard.
    last_seen: Option<DateTime<Utc>>,
    /// Somebody looks: kept also while they are not here.
    is_watched: bool,
}

impl Roster {
    /// Takes in what changed on a lease; gives those who look different now.
    pub(crate) fn apply(
        &mut self,
        lease: LeaseId,
        revision: u64,
        standings: &[Standing],
    ) -> Vec<UserId> {
        self.leases.entry(lease).or_default().revision = revision;
        standings
            .iter()
            .filter(|standing| self.place(lease, standing))
            .map(|standing| standing.user)
            .collect()
    }

    /// The same when these are all who are on it.
    pub(crate) fn replace(
        &mut self,
        lease: LeaseId,
        revision: u64,
        standings: &[Standing],
    ) -> Vec<UserId> {
        let staying: HashSet<UserId> = standings.iter().map(|standing| standing.user).collect();
        let known = self.leases.entry(lease).or_default();
        let gone: Vec<UserId> = known.users.difference(&staying).copied().collect();
        let mut changed: Vec<UserId> = gone
            .into_iter()
            .filter(|user| self.remove(lease, *user))
            .collect();
        changed.extend(self.apply(lease, revision, standings));
        changed
    }

    /// Ends a lease; gives those who are not here any more.
    pub(crate) fn drop_lease(&mut self, lease: LeaseId) -> Vec<UserId> {
        let users = self.leases.remove(&lease).unwrap_or_default().users;
        users
            .into_iter()
            .filter(|user| self.remove(lease, *user))
            .collect()
    }

    /// What somebody chose; true when they look different now.
    pub(crate) fn choose(
        &mut self,
        user: UserId,
        wish: &Wish,
        last_seen: Option<DateTime<Utc>>,
    ) -> bool {
        let Some(person) = self.people.get_mut(&user) else {
            return false;
        };
        person.learn(last_seen);
        if wish.version <= person.wish.version {
            return false;
        }
        person.wish = wish.clone();
        person.is_here()
    }

    /// Somebody is watched from now on, or no more.
    pub(crate) fn watch(&mut self, user: UserId, is_watched: bool) {
        let person = self.people.entry(user).or_default();
        person.is_watched = is_watched;
        self.forget_if_idle(user);
    }

    /// When people were last seen, as the database has it; what was heard since is newer.
    pub(crate) fn learn_seen(&mut self, user: UserId, last_seen: Option<DateTime<Utc>>) {
        if let Some(person) = self.people.get_mut(&user) {
            person.learn(last_seen);
        }
    }

    /// What they chose, if a device of theirs is connected.
    pub(crate) fn here(&self, user: UserId) -> Option<&Wish> {
        self.people
            .get(&user)
            .filter(|person| person.is_here())
            .map(|person| &person.wish)
    }

    /// The leases on which they are.
    pub(crate) fn leases_of(&self, user: UserId) -> &[LeaseId] {
        self.people
            .get(&user)
            .map_or(&[], |person| person.leases.as_slice())
    }

    pub(crate) fn last_seen(&self, user: UserId) -> Option<DateTime<Utc>> {
        self.people.get(&user).and_then(|person| person.last_seen)
    }

    /// What was last heard of a lease.
    pub(crate) fn revision(&self, lease: LeaseId) -> Option<u64> {
        self.leases.get(&lease).map(|lease| lease.revision)
    }

    pub(crate) fn leases(&self) -> Vec<LeaseId> {
        self.leases.keys().copied().collect()
    }

    /// People whose custom status has ended by itself since `before`.
    pub(crate) fn expired(&self, before: DateTime<Utc>, now: DateTime<Utc>) -> Vec<UserId> {
        self.people
            .iter()
            .filter(|(_, person)| person.is_here() && person.is_watched)
            .filter(|(_, person)| {
                let expires = person
                    .wish
                    .custom
                    .as_ref()
                    .and_then(|custom| custom.expires);
                expires.is_some_and(|at| at > before && at <= now)
            })
            .map(|(user, _)| *user)
            .collect()
    }

    fn place(&mut self, lease: LeaseId, standing: &Standing) -> bool {
        let user = standing.user;
        if standing.left {
            if let Some(person) = self.people.get_mut(&user) {
                person.learn(standing.last_seen);
                person.take_wish(&standing.wish);
            }
            return self.remove(lease, user);
        }
        if let Some(lease) = self.leases.get_mut(&lease) {
            lease.users.insert(user);
        }
        let person = self.people.entry(user).or_default();
        let was_here = person.is_here();
        if !person.leases.contains(&lease) {
            person.leases.push(lease);
        }
        person.learn(standing.last_seen);
        // Who comes back is not away any more, though the choice is the same as before they left.
        let has_chosen = if was_here {
            person.take_wish(&standing.wish)
        } else {
            let differs = person.wish != standing.wish;
            person.wish = standing.wish.clone();
            differs
        };
        !was_here || has_chosen
    }

    /// True when they are not here any more.
    fn remove(&mut self, lease: LeaseId, user: UserId) -> bool {
        if let Some(lease) = self.leases.get_mut(&lease) {
            lease.users.remove(&user);
        }
        let Some(person) = self.people.get_mut(&user) else {
            return false;
        };
        let was_here = person.is_here();
        person.leases.retain(|id| *id != lease);
        let is_gone = was_here && !person.is_here();
        self.forget_if_idle(user);
        is_gone
    }

    fn forget_if_idle(&mut self, user: UserId) {
        if self
            .people
            .get(&user)
            .is_some_and(|person| !person.is_here() && !person.is_watched)
        {
            self.people.remove(&user);
        }
    }
}

impl Person {
    const fn is_here(&self) -> bool {
        !self.leases.is_empty()
    }

    fn learn(&mut self, last_seen: Option<DateTime<Utc>>) {
        self.last_seen = self.last_seen.max(last_seen);
    }

    fn take_wish(&mut self, wish: &Wish) -> bool {
        let is_newer = wish.version > self.wish.version;
        if is_newer {
            self.wish = wish.clone();
        }
        is_newer
    }
}

impl Wish {
    /// What holds for somebody who was not here: being away ended when they left.
    pub(crate) fn on_return(self) -> Self {
        if self.choice == Choice::Away {
            return Self {
                choice: Choice::Online,
                ..self
            };
        }
        self
    }
}

#[cfg(test)]
mod tests;
