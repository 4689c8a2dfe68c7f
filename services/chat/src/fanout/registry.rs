//! Which streams of this node want to hear of which rooms and people, and which shards of the bus that takes.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use kith_api::chat::v1::delivery::Delivery as Kind;
use kith_bus::SHARDS;

use super::queue::Queue;

/// A gateway's subscription stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StreamId(u64);

/// Rooms and people, by their ids as text: that is how they come and how they are asked for.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    pub(crate) rooms: Vec<String>,
    pub(crate) users: Vec<String>,
}

#[derive(Default)]
pub(super) struct Registry {
    next_id: u64,
    streams: HashMap<StreamId, Arc<Queue>>,
    rooms: Listeners,
    users: Listeners,
    /// How many topics of this node lie on a shard.
    shards: HashMap<u16, usize>,
}

type Listeners = HashMap<String, Vec<(StreamId, Arc<Queue>)>>;

/// Where a delivery goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Topic<'a> {
    Room(&'a str),
    User(&'a str),
}

/// The topic of a delivery; confirmations and the like have none.
pub(super) fn topic(kind: &Kind) -> Option<Topic<'_>> {
    match kind {
        Kind::RoomEvent(event) => Some(Topic::Room(&event.room_id)),
        Kind::Receipt(receipt) => Some(Topic::Room(&receipt.room_id)),
        Kind::Typing(typing) => Some(Topic::Room(&typing.room_id)),
        Kind::UserEvent(event) => Some(Topic::User(&event.user_id)),
        Kind::Confirmed(_) | Kind::Lagged(_) | Kind::EpochChanged(_) => None,
    }
}

/// The shard of a topic: FNV-1a of its id, the same on every node and in every release.
pub(super) fn shard(id: &str) -> u16 {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // Below SHARDS, so that it fits.
    u16::try_from(hash % u64::from(SHARDS)).unwrap_or(0)
}

impl Registry {
    pub(super) fn open(&mut self, queue: Arc<Queue>) -> StreamId {
        self.next_id += 1;
        let id = StreamId(self.next_id);
        self.streams.insert(id, queue);
        id
    }

    pub(super) fn queue(&self, stream: StreamId) -> Option<&Arc<Queue>> {
        self.streams.get(&stream)
    }

    pub(super) fn queues(&self) -> impl Iterator<Item = &Arc<Queue>> {
        self.streams.values()
    }

    /// Hands an encoded delivery to who listens; they are woken for all that came together by [`Self::wake`].
    pub(super) fn deliver(&self, topic: Topic<'_>, delivery: &Bytes) {
        let listeners = match topic {
            Topic::Room(id) => self.rooms.get(id),
            Topic::User(id) => self.users.get(id),
        };
        for (_, queue) in listeners.into_iter().flatten() {
            queue.put(delivery.clone());
        }
    }

    /// Wakes the streams that something waits for.
    pub(super) fn wake(&self) {
        for queue in self.streams.values() {
            queue.wake();
        }
    }

    /// Adds topics of a stream; gives the shards they lie on.
    pub(super) fn add(&mut self, stream: StreamId, topics: Topics) -> Vec<u16> {
        let Some(queue) = self.streams.get(&stream).cloned() else {
            return Vec::new();
        };
        let mut needed = Vec::new();
        for (listeners, ids) in [
            (&mut self.rooms, topics.rooms),
            (&mut self.users, topics.users),
        ] {
            for id in ids {
                let shard = shard(&id);
                needed.push(shard);
                let streams = listeners.entry(id).or_default();
                if !streams.iter().any(|(known, _)| *known == stream) {
                    streams.push((stream, Arc::clone(&queue)));
                    *self.shards.entry(shard).or_default() += 1;
                }
            }
        }
        needed.sort_unstable();
        needed.dedup();
        needed
    }

    /// Removes topics of a stream; gives the shards that nobody needs any more.
    pub(super) fn remove(&mut self, stream: StreamId, topics: &Topics) -> Vec<u16> {
        let mut unneeded = Vec::new();
        for (listeners, ids) in [
            (&mut self.rooms, &topics.rooms),
            (&mut self.users, &topics.users),
        ] {
            for id in ids {
                if leave(listeners, id, stream) {
                    release(&mut self.shards, shard(id), &mut unneeded);
                }
            }
        }
        unneeded
    }

    /// Removes a stream with all its topics; gives the shards that nobody needs any more.
    pub(super) fn close(&mut self, stream: StreamId) -> Vec<u16> {
        self.streams.remove(&stream);
        let has = |listeners: &Listeners| -> Vec<String> {
            listeners
                .iter()
                .filter(|(_, streams)| streams.iter().any(|(known, _)| *known == stream))
                .map(|(id, _)| id.clone())
                .collect()
        };
        let topics = Topics {
            rooms: has(&self.rooms),
            users: has(&self.users),
        };
        self.remove(stream, &topics)
    }
}

fn leave(listeners: &mut Listeners, id: &str, stream: StreamId) -> bool {
    let Some(streams) = listeners.get_mut(id) else {
        return false;
    };
    let before = streams.len();
    streams.retain(|(known, _)| *known != stream);
    let left = streams.len() < before;
    if streams.is_empty() {
        listeners.remove(id);
    }
    left
}

fn release(shards: &mut HashMap<u16, usize>, shard: u16, unneeded: &mut Vec<u16>) {
    if let Some(count) = shards.get_mut(&shard) {
        *count -= 1;
        if *count == 0 {
            shards.remove(&shard);
            unneeded.push(shard);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms(ids: &[&str]) -> Topics {
        Topics {
            rooms: ids.iter().map(|id| (*id).to_owned()).collect(),
            users: Vec::new(),
        }
    }

    #[test]
    fn a_shard_is_needed_until_its_last_topic_goes() {
        let mut registry = Registry::default();
        let stream = registry.open(Arc::new(Queue::new(1)));
        let other = registry.open(Arc::new(Queue::new(1)));

        let needed = registry.add(stream, rooms(&["a", "a"]));
        registry.add(other, rooms(&["a"]));

        assert_eq!(needed, [shard("a")]);
        assert!(registry.remove(stream, &rooms(&["a", "b"])).is_empty());
        assert!(registry.remove(stream, &rooms(&["a"])).is_empty());
        assert_eq!(registry.close(other), [shard("a")]);
    }

    #[test]
    fn shards_are_the_same_in_every_release() {
        assert_eq!(shard("01890a5d-ac96-774b-bcce-b302099a8057"), 499);
    }
}
