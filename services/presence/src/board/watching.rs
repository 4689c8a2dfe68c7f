//! Who watches whom on this node, and through which view. A view is friends' word; while it is being asked, or was made doubtful by a change,
//! nothing is shown.

use std::collections::{BTreeSet, HashMap, HashSet};

use kith_ids::UserId;

use super::StreamId;
use crate::{domain::appearance::View, store::visibility::VisibilityChange};

/// A socket of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct WatcherId {
    pub stream: StreamId,
    pub socket: u64,
}

/// A viewer's look at somebody that waits for friends' word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PendingLook {
    pub watcher: WatcherId,
    pub viewer: UserId,
    pub user: UserId,
    /// Of the question: an answer to an older one does not count.
    ticket: u64,
}

#[derive(Debug, Default)]
pub(super) struct Watching {
    watches: HashMap<WatcherId, Watch>,
    watchers: HashMap<UserId, HashSet<WatcherId>>,
    /// To be asked of friends.
    unresolved: BTreeSet<(WatcherId, UserId)>,
    next_ticket: u64,
}

#[derive(Debug)]
struct Watch {
    viewer: UserId,
    /// Of the `watch` that made it; an older one that was slower does not replace it.
    request: u64,
    sights: HashMap<UserId, Sight>,
}

#[derive(Debug, Clone, Copy)]
enum Sight {
    Pending(u64),
    Known(View),
}

impl Watching {
    /// Replaces a socket's watch; gives the looks to ask about, and everybody who was or is watched by it.
    pub(super) fn replace(
        &mut self,
        watcher: WatcherId,
        viewer: UserId,
        request: u64,
        users: &[UserId],
    ) -> (Vec<PendingLook>, Vec<UserId>) {
        if self
            .watches
            .get(&watcher)
            .is_some_and(|watch| watch.request > request)
        {
            return (Vec::new(), Vec::new());
        }
        let mut touched = self.remove(watcher);
        touched.extend(users);
        let mut watch = Watch {
            viewer,
            request,
            sights: HashMap::with_capacity(users.len()),
        };
        let mut looks = Vec::with_capacity(users.len());
        for user in users {
            self.next_ticket += 1;
            let ticket = self.next_ticket;
            watch.sights.insert(*user, Sight::Pending(ticket));
            self.watchers.entry(*user).or_default().insert(watcher);
            looks.push(PendingLook {
                watcher,
                viewer,
                user: *user,
                ticket,
            });
        }
        metrics::gauge!("kith_presence_watched").increment(count(users.len()));
        self.watches.insert(watcher, watch);
        (looks, touched)
    }

    /// Ends a socket's watch; gives those whom it watched.
    pub(super) fn remove(&mut self, watcher: WatcherId) -> Vec<UserId> {
        let Some(watch) = self.watches.remove(&watcher) else {
            return Vec::new();
        };
        metrics::gauge!("kith_presence_watched").decrement(count(watch.sights.len()));
        let users: Vec<UserId> = watch.sights.into_keys().collect();
        for user in &users {
            self.unresolved.remove(&(watcher, *user));
            if let Some(watchers) = self.watchers.get_mut(user) {
                watchers.remove(&watcher);
                if watchers.is_empty() {
                    self.watchers.remove(user);
                }
            }
        }
        users
    }

    /// Ends the watches of all sockets of a gateway.
    pub(super) fn remove_stream(&mut self, stream: StreamId) -> Vec<UserId> {
        let watchers: Vec<WatcherId> = self
            .watches
            .keys()
            .filter(|watcher| watcher.stream == stream)
            .copied()
            .collect();
        watchers
            .into_iter()
            .flat_map(|watcher| self.remove(watcher))
            .collect()
    }

    pub(super) fn is_watched(&self, user: UserId) -> bool {
        self.watchers.contains_key(&user)
    }

    pub(super) fn all_watched(&self) -> Vec<UserId> {
        self.watchers.keys().copied().collect()
    }

    /// The sockets that see changes of somebody, by their stream and view.
    pub(super) fn groups(&self, user: UserId) -> HashMap<(StreamId, View), Vec<u64>> {
        let mut groups: HashMap<(StreamId, View), Vec<u64>> = HashMap::new();
        for watcher in self.watchers.get(&user).into_iter().flatten() {
            let sight = self
                .watches
                .get(watcher)
                .and_then(|watch| watch.sights.get(&user));
            if let Some(Sight::Known(view)) = sight
                && view.is_live()
            {
                groups
                    .entry((watcher.stream, *view))
                    .or_default()
                    .push(watcher.socket);
            }
        }
        groups
    }

    /// Friends' word on a look; false when the question is not the last one, or the socket does not look any more.
    pub(super) fn settle(&mut self, look: &PendingLook, view: View) -> bool {
        let sight = self
            .watches
            .get_mut(&look.watcher)
            .and_then(|watch| watch.sights.get_mut(&look.user));
        match sight {
            Some(sight) if matches!(*sight, Sight::Pending(ticket) if ticket == look.ticket) => {
                *sight = Sight::Known(view);
                true
            }
            _ => false,
        }
    }

    /// Makes doubtful what a change touches; true when there is something to ask.
    pub(super) fn invalidate(&mut self, change: VisibilityChange) -> bool {
        let mut touched = self.lookers(change.user, change.other);
        if let Some(other) = change.other {
            touched.extend(self.lookers(other, Some(change.user)));
        }
        let any = !touched.is_empty();
        for (watcher, user) in touched {
            self.next_ticket += 1;
            let ticket = self.next_ticket;
            if let Some(watch) = self.watches.get_mut(&watcher) {
                watch.sights.insert(user, Sight::Pending(ticket));
                self.unresolved.insert((watcher, user));
            }
        }
        any
    }

    pub(super) fn take_unresolved(&mut self, limit: usize) -> Vec<PendingLook> {
        let mut looks = Vec::new();
        while looks.len() < limit
            && let Some((watcher, user)) = self.unresolved.pop_first()
        {
            if let Some(watch) = self.watches.get(&watcher)
                && let Some(Sight::Pending(ticket)) = watch.sights.get(&user)
            {
                looks.push(PendingLook {
                    watcher,
                    viewer: watch.viewer,
                    user,
                    ticket: *ticket,
                });
            }
        }
        looks
    }

    pub(super) fn give_back(&mut self, looks: &[PendingLook]) {
        for look in looks {
            if self
                .watches
                .get(&look.watcher)
                .is_some_and(|watch| watch.sights.contains_key(&look.user))
            {
                self.unresolved.insert((look.watcher, look.user));
            }
        }
    }

    /// The sockets that look at somebody: all of them, or those of one viewer.
    fn lookers(&self, user: UserId, viewer: Option<UserId>) -> Vec<(WatcherId, UserId)> {
        self.watchers
            .get(&user)
            .into_iter()
            .flatten()
            .filter(|watcher| {
                viewer.is_none_or(|viewer| {
                    self.watches
                        .get(watcher)
                        .is_some_and(|watch| watch.viewer == viewer)
                })
            })
            .map(|watcher| (*watcher, user))
            .collect()
    }
}

/// A gauge counts in floating point; nobody watches so many.
fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
