//! What crosses the bus: a version byte, the node it came from, the trace it belongs to, and deliveries, each with its topic in front of it, so that
//! nobody between the node that committed and the gateways has to read one.

use std::collections::HashMap;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

use super::registry::{Topic, shard};

/// Nodes of different releases meet on the bus; one that does not know a version drops the hint, which costs a delay.
const VERSION: u8 = 2;
const OF_A_ROOM: u8 = 0;
const OF_A_USER: u8 = 1;

/// Deliveries on their way to other nodes, one envelope a shard.
pub(super) struct Envelopes {
    node: u64,
    traceparent: Option<String>,
    by_shard: HashMap<u16, BytesMut>,
}

/// An envelope of another node.
#[derive(Debug, PartialEq)]
pub(super) struct Envelope {
    pub(super) traceparent: Option<String>,
    pub(super) hints: Vec<Hint>,
}

/// A delivery, and where it goes.
#[derive(Debug, PartialEq)]
pub(super) struct Hint {
    is_of_user: bool,
    id: String,
    pub(super) delivery: Bytes,
}

/// What a payload turned out to be.
#[derive(Debug, PartialEq)]
pub(super) enum Opened {
    /// What this node published: Redis tells everybody, its author too.
    Own,
    Foreign(Envelope),
    /// Damaged, or of another version.
    Unreadable,
}

impl Envelopes {
    pub(super) fn new(node: u64) -> Self {
        Self {
            node,
            traceparent: None,
            by_shard: HashMap::new(),
        }
    }

    pub(super) fn add(&mut self, topic: Topic<'_>, delivery: &Bytes) {
        let (kind, id) = match topic {
            Topic::Room(id) => (OF_A_ROOM, id),
            Topic::User(id) => (OF_A_USER, id),
        };
        // Ids are UUIDs, and an event is far below 4 GiB.
        let (Ok(id_length), Ok(length)) = (u8::try_from(id.len()), u32::try_from(delivery.len()))
        else {
            return;
        };
        if self.by_shard.is_empty() {
            self.traceparent = kith_telemetry::current_traceparent();
        }
        let traceparent = self.traceparent.as_deref().unwrap_or_default();
        let envelope = self.by_shard.entry(shard(id)).or_insert_with(|| {
            let mut envelope = BytesMut::with_capacity(1024);
            envelope.put_u8(VERSION);
            envelope.put_u64(self.node);
            // 55 characters, or none.
            envelope.put_u8(u8::try_from(traceparent.len()).unwrap_or(0));
            envelope.put_slice(traceparent.as_bytes());
            envelope
        });
        envelope.put_u8(kind);
        envelope.put_u8(id_length);
        envelope.put_slice(id.as_bytes());
        envelope.put_u32(length);
        envelope.put_slice(delivery);
    }

    pub(super) fn finish(self) -> impl Iterator<Item = (u16, Bytes)> {
        self.by_shard
            .into_iter()
            .map(|(shard, envelope)| (shard, envelope.freeze()))
    }
}

impl Hint {
    pub(super) fn topic(&self) -> Topic<'_> {
        if self.is_of_user {
            Topic::User(&self.id)
        } else {
            Topic::Room(&self.id)
        }
    }
}

/// Reads an envelope, unless this node sent it.
pub(super) fn open(mut payload: Bytes, reader: u64) -> Opened {
    match (payload.try_get_u8(), payload.try_get_u64()) {
        (Ok(VERSION), Ok(node)) if node == reader => Opened::Own,
        (Ok(VERSION), Ok(_)) => rest(payload).map_or(Opened::Unreadable, Opened::Foreign),
        _ => Opened::Unreadable,
    }
}

fn rest(mut payload: Bytes) -> Option<Envelope> {
    let length = payload.try_get_u8().ok()?;
    let traceparent = text(&mut payload, length)?;
    let mut hints = Vec::new();
    while payload.has_remaining() {
        let kind = payload.try_get_u8().ok()?;
        let id_length = payload.try_get_u8().ok()?;
        let id = text(&mut payload, id_length)?;
        let length = usize::try_from(payload.try_get_u32().ok()?).ok()?;
        hints.push(Hint {
            is_of_user: kind == OF_A_USER,
            id,
            delivery: (payload.remaining() >= length).then(|| payload.split_to(length))?,
        });
    }
    Some(Envelope {
        traceparent: (!traceparent.is_empty()).then_some(traceparent),
        hints,
    })
}

fn text(payload: &mut Bytes, length: u8) -> Option<String> {
    let length = usize::from(length);
    let bytes = (payload.remaining() >= length).then(|| payload.split_to(length))?;
    std::str::from_utf8(&bytes).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What node 7 tells of a room, and of a person in the same shard when it is the same id.
    fn sent() -> Bytes {
        let mut envelopes = Envelopes::new(7);
        envelopes.add(Topic::Room("id"), &Bytes::from_static(b"one"));
        envelopes.add(Topic::User("id"), &Bytes::from_static(b"two"));
        let sent: Vec<_> = envelopes.finish().collect();
        assert_eq!(sent.len(), 1, "one envelope a shard");
        sent[0].1.clone()
    }

    #[test]
    fn what_goes_in_comes_out_at_other_nodes() {
        let hint = |is_of_user, delivery: &'static [u8]| Hint {
            is_of_user,
            id: "id".to_owned(),
            delivery: Bytes::from_static(delivery),
        };

        let opened = open(sent(), 8);

        let expected = Envelope {
            traceparent: None,
            hints: vec![hint(false, b"one"), hint(true, b"two")],
        };
        assert_eq!(opened, Opened::Foreign(expected));
    }

    #[test]
    fn a_node_does_not_read_what_it_said_itself() {
        assert_eq!(open(sent(), 7), Opened::Own);
        let header = sent().slice(..9);
        assert_eq!(open(header, 7), Opened::Own, "whatever follows");
    }

    #[test]
    fn damage_and_other_versions_are_noticed() {
        let whole = sent();
        // Cut behind the first hint, it is an envelope with one.
        let first_ends = 10 + 1 + 1 + 2 + 4 + 3;
        for cut in (0..whole.len()).filter(|cut| *cut != 10 && *cut != first_ends) {
            assert_eq!(open(whole.slice(..cut), 8), Opened::Unreadable, "{cut}");
        }
        let older = Bytes::from_static(b"\x01\0\0\0\0\0\0\0\x07\0");
        assert_eq!(open(older, 8), Opened::Unreadable);
    }
}
