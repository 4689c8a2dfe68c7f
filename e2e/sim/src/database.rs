//! Postgres, as far as delivery knows it: transactions happen at once or not at all, a log's numbers have no gaps, a
//! `client_id` is unique for ever, and a restore takes it back to an earlier day.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use kith_delivery::{
    Effect, Snapshot,
    catch_up::{self, Catch, Plan},
};
use kith_ids::{RoomId, UserId};
use uuid::Uuid;

use crate::plan::Sabotage;

/// One entry of a room's log.
#[derive(Debug)]
pub(crate) struct RoomEvent {
    pub(crate) room: usize,
    pub(crate) seq: u64,
    /// No two entries share it, not even across restores.
    pub(crate) mark: u64,
    pub(crate) body: Body,
}

/// What happened in a room.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Message { sender: usize, client_id: String },
    Joined(usize),
    Left(usize),
}

/// One entry of a person's log.
#[derive(Debug)]
pub(crate) struct UserEvent {
    pub(crate) user: usize,
    pub(crate) useq: u64,
    pub(crate) mark: u64,
    pub(crate) body: UserBody,
}

/// What happened to a person.
#[derive(Debug, Clone, Copy)]
pub(crate) enum UserBody {
    Added {
        room: usize,
        joined: u64,
    },
    Removed {
        room: usize,
        left: u64,
    },
    Read {
        room: usize,
        seq: u64,
    },
    /// The place of an entry that a newer one has replaced.
    Superseded,
}

/// A stay of somebody in a room.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stay {
    pub(crate) user: usize,
    pub(crate) joined: u64,
    pub(crate) left: Option<u64>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Room {
    pub(crate) log: Vec<Arc<RoomEvent>>,
    pub(crate) stays: Vec<Stay>,
    /// (sender, client_id) to seq, newest last.
    sent: BTreeMap<(usize, String), u64>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct User {
    /// Without what was superseded.
    pub(crate) log: Vec<Arc<UserEvent>>,
    pub(crate) useq: u64,
    pub(crate) reads: BTreeMap<usize, u64>,
}

/// The database.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) epoch: u64,
    pub(crate) rooms: Vec<Room>,
    pub(crate) users: Vec<User>,
    /// The newest backup.
    backup: Option<(Vec<Room>, Vec<User>)>,
    /// What each mark was given to: room, seq, and who may see it, as a set of bits.
    pub(crate) committed: Vec<(usize, u64, u64)>,
    /// Whose stay a mark begins (false) or ends (true).
    pub(crate) turns: BTreeMap<u64, (usize, bool)>,
    sabotage: Option<Sabotage>,
}

/// What a transaction wrote, to be published after the commit.
#[derive(Debug, Default, Clone)]
pub(crate) struct Outcome {
    pub(crate) room_events: Vec<Arc<RoomEvent>>,
    pub(crate) user_events: Vec<Arc<UserEvent>>,
}

/// What a device lacked, in one snapshot.
#[derive(Debug, Default)]
pub(crate) struct Synced {
    pub(crate) snapshot: Snapshot,
    pub(crate) events: Vec<Arc<RoomEvent>>,
    pub(crate) user_events: Vec<Arc<UserEvent>>,
    pub(crate) too_long: Vec<(usize, u64)>,
    pub(crate) is_invalid: bool,
}

pub(crate) fn room_id(room: usize) -> RoomId {
    Uuid::from_u128(1_000 + room as u128).into()
}

pub(crate) fn user_id(user: usize) -> UserId {
    Uuid::from_u128(2_000 + user as u128).into()
}

pub(crate) fn room_of(id: Uuid) -> usize {
    usize::try_from(id.as_u128() - 1_000).unwrap_or(usize::MAX)
}

impl RoomEvent {
    pub(crate) fn effect(&self) -> Effect {
        match self.body {
            Body::Message { .. } => Effect::None,
            Body::Joined(_) => Effect::Joined,
            Body::Left(user) => Effect::Left(user_id(user)),
        }
    }
}

impl UserEvent {
    pub(crate) fn effect(&self) -> Effect {
        match self.body {
            UserBody::Added { room, joined } => Effect::RoomAdded {
                room_id: room_id(room),
                joined_seq: joined,
            },
            UserBody::Removed { room, left } => Effect::RoomRemoved {
                room_id: room_id(room),
                leave_seq: left,
            },
            UserBody::Read { .. } | UserBody::Superseded => Effect::None,
        }
    }

    /// The room whose stay it begins (false) or ends (true).
    pub(crate) fn turn(&self) -> Option<(usize, bool)> {
        match self.body {
            UserBody::Added { room, .. } => Some((room, false)),
            UserBody::Removed { room, .. } => Some((room, true)),
            UserBody::Read { .. } | UserBody::Superseded => None,
        }
    }
}

impl Room {
    pub(crate) fn head(&self) -> u64 {
        self.log.len() as u64
    }

    pub(crate) fn stay(&self, user: usize) -> Option<Stay> {
        self.stays
            .iter()
            .copied()
            .find(|stay| stay.user == user && stay.left.is_none())
    }

    fn latest_stay(&self, user: usize) -> Option<Stay> {
        self.stays.iter().copied().rfind(|stay| stay.user == user)
    }

    fn audience(&self) -> u64 {
        self.stays
            .iter()
            .filter(|stay| stay.left.is_none())
            .fold(0, |all, stay| all | 1 << stay.user)
    }

    /// Entries `from..=to`.
    pub(crate) fn window(&self, from: u64, to: u64) -> Vec<Arc<RoomEvent>> {
        let index = |seq: u64| usize::try_from(seq).unwrap_or(0);
        let to = index(to).min(self.log.len());
        let from = index(from.max(1)) - 1;
        self.log.get(from..to).unwrap_or_default().to_vec()
    }
}

impl Database {
    pub(crate) fn new(rooms: usize, users: usize, sabotage: Option<Sabotage>) -> Self {
        Self {
            epoch: 1,
            rooms: vec![Room::default(); rooms],
            users: vec![User::default(); users],
            backup: None,
            committed: Vec::new(),
            turns: BTreeMap::new(),
            sabotage,
        }
    }

    /// A message; the first answer to a repeated one. None: the sender is not in the room.
    pub(crate) fn append(
        &mut self,
        room: usize,
        sender: usize,
        client_id: &str,
    ) -> Option<(Arc<RoomEvent>, bool)> {
        let key = (sender, client_id.to_owned());
        if let Some(&seq) = self.rooms[room].sent.get(&key) {
            let index = usize::try_from(seq).unwrap_or(0) - 1;
            return Some((self.rooms[room].log[index].clone(), true));
        }
        self.rooms[room].stay(sender)?;
        if self.sabotage == Some(Sabotage::ForgetfulDedup) {
            self.rooms[room].sent.clear();
        }
        let body = Body::Message {
            sender,
            client_id: client_id.to_owned(),
        };
        let event = self.insert(room, body);
        self.rooms[room].sent.insert(key, event.seq);
        Some((event, false))
    }

    pub(crate) fn join(&mut self, room: usize, user: usize) -> Option<Outcome> {
        if self.rooms[room].stay(user).is_some() {
            return None;
        }
        let joined = self.rooms[room].head() + 1;
        self.rooms[room].stays.push(Stay {
            user,
            joined,
            left: None,
        });
        let event = self.insert(room, Body::Joined(user));
        let added = self.insert_user(user, UserBody::Added { room, joined });
        Some(Outcome {
            room_events: vec![event],
            user_events: vec![added],
        })
    }

    pub(crate) fn leave(&mut self, room: usize, user: usize) -> Option<Outcome> {
        self.rooms[room].stay(user)?;
        let event = self.insert(room, Body::Left(user));
        for stay in &mut self.rooms[room].stays {
            if stay.user == user && stay.left.is_none() {
                stay.left = Some(event.seq);
            }
        }
        let left = event.seq;
        let removed = self.insert_user(user, UserBody::Removed { room, left });
        Some(Outcome {
            room_events: vec![event],
            user_events: vec![removed],
        })
    }

    /// Moves a read position, if it moves it on.
    pub(crate) fn read(&mut self, room: usize, user: usize, seq: u64) -> Option<Outcome> {
        self.rooms[room].stay(user)?;
        let before = self.users[user].reads.get(&room).copied().unwrap_or(0);
        if seq <= before || seq > self.rooms[room].head() {
            return None;
        }
        self.users[user].reads.insert(room, seq);
        // Only the newest one is kept.
        self.users[user].log.retain(
            |event| !matches!(event.body, UserBody::Read { room: other, .. } if other == room),
        );
        let moved = self.insert_user(user, UserBody::Read { room, seq });
        Some(Outcome {
            room_events: Vec::new(),
            user_events: vec![moved],
        })
    }

    pub(crate) fn back_up(&mut self) {
        self.backup = Some((self.rooms.clone(), self.users.clone()));
    }

    /// Goes back to the backup, or only says that it might have.
    pub(crate) fn restore(&mut self) {
        if let Some((rooms, users)) = self.backup.clone() {
            (self.rooms, self.users) = (rooms, users);
        }
        self.epoch += 1;
    }

    /// What gateways read of a person's log.
    pub(crate) fn user_page(&self, user: usize, after: u64, limit: usize) -> Vec<Arc<UserEvent>> {
        let log = &self.users[user].log;
        let above = log.iter().filter(|event| event.useq > after);
        above.take(limit).cloned().collect()
    }

    /// The same without holes, as gateways fill the gaps of live logs.
    pub(crate) fn user_page_with_places(
        &self,
        user: usize,
        after: u64,
        limit: usize,
    ) -> Vec<Arc<UserEvent>> {
        let kept = self.user_page(user, after, limit);
        let through = match kept.last() {
            Some(last) if kept.len() == limit => last.useq,
            _ => self.users[user].useq,
        };
        let mut kept = kept.into_iter().peekable();
        (after + 1..=through)
            .map(|useq| match kept.next_if(|event| event.useq == useq) {
                Some(event) => event,
                None => Arc::new(UserEvent {
                    user,
                    useq,
                    mark: 0,
                    body: UserBody::Superseded,
                }),
            })
            .collect()
    }

    /// What a device with these cursors lacks, and where everything stands.
    pub(crate) fn sync(&self, user: usize, cursors: Option<&kith_sdk::sync::Resume>) -> Synced {
        let mut synced = Synced {
            snapshot: Snapshot {
                epoch: self.epoch,
                useq: self.users[user].useq,
                rooms: self.standing(user),
            },
            ..Synced::default()
        };
        let Some(cursors) = cursors else {
            return synced;
        };
        let is_same_log =
            cursors.epoch == self.epoch || self.sabotage == Some(Sabotage::IgnoredEpoch);
        synced.is_invalid = !is_same_log || !self.catch_up(user, cursors, &mut synced);
        synced
    }

    fn standing(&self, user: usize) -> Vec<(RoomId, u64)> {
        let rooms = self.rooms.iter().enumerate();
        rooms
            .filter(|(_, room)| room.stay(user).is_some())
            .map(|(index, room)| (room_id(index), room.head()))
            .collect()
    }

    fn catch_up(&self, user: usize, cursors: &kith_sdk::sync::Resume, synced: &mut Synced) -> bool {
        if cursors.useq > self.users[user].useq {
            return self.sabotage == Some(Sabotage::IgnoredEpoch);
        }
        synced.user_events = self.user_page(user, cursors.useq, usize::MAX);
        let mut rooms: BTreeMap<usize, u64> = cursors
            .rooms
            .iter()
            .map(|(&id, &seq)| (room_of(id), seq))
            .collect();
        let added: BTreeSet<usize> = synced
            .user_events
            .iter()
            .filter_map(|event| event.turn().filter(|turn| !turn.1).map(|turn| turn.0))
            .collect();
        for room in added {
            rooms.entry(room).or_insert(0);
        }
        let int = |seq: u64| i64::try_from(seq).unwrap_or(i64::MAX);
        let catches = rooms.iter().filter_map(|(&room, &cursor)| {
            let stay = self.rooms[room].latest_stay(user)?;
            Some(Catch {
                room,
                cursor: int(cursor),
                joined: int(stay.joined),
                left: stay.left.map(int),
                head: int(self.rooms[room].head()),
            })
        });
        let Some(Plan { windows, too_long }) =
            catch_up::plan(catches, |room, from, to| (room, from, to))
        else {
            return self.sabotage == Some(Sabotage::IgnoredEpoch);
        };
        let seq = |int: i64| u64::try_from(int).unwrap_or(0);
        for (room, from, to) in windows {
            synced
                .events
                .extend(self.rooms[room].window(seq(from), seq(to)));
        }
        synced.too_long = too_long
            .into_iter()
            .map(|(room, to)| (room, seq(to)))
            .collect();
        true
    }

    fn insert(&mut self, room: usize, body: Body) -> Arc<RoomEvent> {
        let seq = self.rooms[room].head() + 1;
        let audience = self.rooms[room].audience();
        let mark = self.committed.len() as u64;
        match body {
            Body::Joined(who) => self.turns.insert(mark, (who, false)),
            Body::Left(who) => self.turns.insert(mark, (who, true)),
            Body::Message { .. } => None,
        };
        let event = Arc::new(RoomEvent {
            room,
            seq,
            mark,
            body,
        });
        self.committed.push((room, seq, audience));
        self.rooms[room].log.push(event.clone());
        event
    }

    fn insert_user(&mut self, user: usize, body: UserBody) -> Arc<UserEvent> {
        self.users[user].useq += 1;
        let event = Arc::new(UserEvent {
            user,
            useq: self.users[user].useq,
            mark: self.committed.len() as u64,
            body,
        });
        self.users[user].log.push(event.clone());
        event
    }
}
