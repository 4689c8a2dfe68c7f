//! What each open socket watches and was last told.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use kith_api::presence::v1::{self as wire, Status};
use kith_ids::UserId;

use crate::{
    wire::Time,
    ws::{
        frames,
        socket::{Socket, Wakes},
    },
};

/// The open sockets.
#[derive(Debug, Default)]
pub(super) struct Table {
    sockets: HashMap<u64, Open>,
    /// Sockets that a change did not reach, because their queue was full: they are to be told anew.
    missed: HashSet<u64>,
}

#[derive(Debug)]
struct Open {
    socket: Arc<Socket>,
    watch: Option<Watch>,
}

#[derive(Debug)]
struct Watch {
    /// The newest `watch`; answers to older ones are not for this list.
    request: u64,
    /// Fingerprints of what was told.
    told: HashMap<UserId, Option<u64>>,
}

impl Table {
    pub(super) fn open(&mut self, socket: &Arc<Socket>) {
        let open = Open {
            socket: socket.clone(),
            watch: None,
        };
        self.sockets.insert(socket.id, open);
    }

    /// False when it was not there.
    pub(super) fn close(&mut self, id: u64) -> bool {
        self.missed.remove(&id);
        self.sockets.remove(&id).is_some()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Socket>> {
        self.sockets.values().map(|open| &open.socket)
    }

    /// A socket watches others from now on; changes of the former ones are not for it any more.
    pub(super) fn watch(&mut self, id: u64, request: u64, user_ids: &[UserId]) {
        if let Some(open) = self.sockets.get_mut(&id) {
            open.watch = (!user_ids.is_empty()).then(|| Watch {
                request,
                told: user_ids.iter().map(|user| (*user, None)).collect(),
            });
        }
    }

    /// What sockets watch, to be said again under a new request each: all of them, or those that missed something.
    pub(super) fn rewatch(
        &mut self,
        only_missed: bool,
        mut request: impl FnMut() -> u64,
    ) -> Vec<(Arc<Socket>, u64, Vec<UserId>)> {
        let missed = std::mem::take(&mut self.missed);
        self.sockets
            .values_mut()
            .filter(|open| !only_missed || missed.contains(&open.socket.id))
            .filter_map(|open| {
                let watch = open.watch.as_mut()?;
                watch.request = request();
                let user_ids = watch.told.keys().copied().collect();
                Some((open.socket.clone(), watch.request, user_ids))
            })
            .collect()
    }

    /// The answer to a `watch` was told.
    pub(super) fn note_answer(&mut self, id: u64, request: u64, presences: &[wire::Presence]) {
        let watch = self
            .sockets
            .get_mut(&id)
            .and_then(|open| open.watch.as_mut())
            .filter(|watch| watch.request == request);
        if let Some(watch) = watch {
            for presence in presences {
                if let Some(told) = user_of(presence).and_then(|user| watch.told.get_mut(&user)) {
                    *told = Some(fingerprint(presence));
                }
            }
        }
    }

    /// A `watch` failed: nobody is watched.
    pub(super) fn forget_watch(&mut self, id: u64, request: u64) {
        if let Some(open) = self.sockets.get_mut(&id)
            && open
                .watch
                .as_ref()
                .is_some_and(|watch| watch.request == request)
        {
            open.watch = None;
        }
    }

    /// A socket is to be told anew.
    pub(super) fn miss(&mut self, id: u64) {
        if self.sockets.contains_key(&id) {
            self.missed.insert(id);
        }
    }

    /// Shows a change to those of these sockets that watch the person and were not told the same before.
    pub(super) fn show(&mut self, presence: &wire::Presence, ids: &[u64], wakes: &mut Wakes) {
        let Some(user) = user_of(presence) else {
            return;
        };
        let print = fingerprint(presence);
        let frame = frames::presence(&of_wire(presence));
        for id in ids {
            let Some(open) = self.sockets.get_mut(id) else {
                continue;
            };
            let told = open
                .watch
                .as_mut()
                .and_then(|watch| watch.told.get_mut(&user))
                .filter(|told| **told != Some(print));
            if let Some(told) = told {
                if open.socket.push_ephemeral(&frame, wakes) {
                    *told = Some(print);
                } else {
                    self.missed.insert(*id);
                }
            }
        }
    }
}

/// How somebody looks, as frames say it.
pub(super) fn of_wire(presence: &wire::Presence) -> frames::Presence {
    frames::Presence {
        user_id: presence.user_id.clone(),
        status: match presence.status() {
            Status::Online => "online",
            Status::Away => "away",
            Status::Offline | Status::Unspecified => "offline",
        },
        last_seen_at: Time::optional(presence.last_seen_time),
        custom: presence.custom.clone(),
        invisible: presence.invisible,
    }
}

fn user_of(presence: &wire::Presence) -> Option<UserId> {
    presence.user_id.parse().ok()
}

fn fingerprint(presence: &wire::Presence) -> u64 {
    let mut hasher = DefaultHasher::new();
    let seen = presence
        .last_seen_time
        .map(|time| (time.seconds, time.nanos));
    (presence.status, seen, &presence.custom, presence.invisible).hash(&mut hasher);
    hasher.finish()
}
