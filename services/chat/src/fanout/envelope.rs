//! What crosses the bus: a version byte, the node it came from, the trace it belongs to, and deliveries.

use std::{collections::HashMap, sync::Arc};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use kith_api::chat::v1::Delivery;
use prost::Message as _;

use super::registry::{Topic, shard, topic};

/// Nodes of different releases meet on the bus; one that does not know a version drops the hint, which costs a delay.
const VERSION: u8 = 1;

/// Deliveries on their way to other nodes, one envelope a shard.
pub(super) struct Envelopes {
    node: u64,
    traceparent: Option<String>,
    by_shard: HashMap<u16, BytesMut>,
}

/// An envelope of some node.
#[derive(Debug, PartialEq)]
pub(super) struct Envelope {
    pub(super) node: u64,
    pub(super) traceparent: Option<String>,
    pub(super) deliveries: Vec<Delivery>,
}

impl Envelopes {
    pub(super) fn new(node: u64) -> Self {
        Self {
            node,
            traceparent: None,
            by_shard: HashMap::new(),
        }
    }

    pub(super) fn add(&mut self, delivery: &Arc<Delivery>) {
        let Some(Topic::Room(id) | Topic::User(id)) = topic(delivery) else {
            return;
        };
        if self.by_shard.is_empty() {
            self.traceparent = kith_telemetry::current_traceparent();
        }
        let traceparent = self.traceparent.as_deref().unwrap_or_default();
        let envelope = self.by_shard.entry(shard(id)).or_insert_with(|| {
            let mut envelope = BytesMut::with_capacity(512);
            envelope.put_u8(VERSION);
            envelope.put_u64(self.node);
            // 55 characters, or none.
            envelope.put_u8(u8::try_from(traceparent.len()).unwrap_or(0));
            envelope.put_slice(traceparent.as_bytes());
            envelope
        });
        // Fails only when the buffer cannot grow, and this one can.
        let _ = delivery.encode_length_delimited(envelope);
    }

    pub(super) fn finish(self) -> impl Iterator<Item = (u16, Bytes)> {
        self.by_shard
            .into_iter()
            .map(|(shard, envelope)| (shard, envelope.freeze()))
    }
}

/// Reads an envelope; none when it is of another version or damaged.
pub(super) fn open(mut payload: Bytes) -> Option<Envelope> {
    if payload.remaining() < 10 || payload.get_u8() != VERSION {
        return None;
    }
    let node = payload.get_u64();
    let length = usize::from(payload.get_u8());
    if payload.remaining() < length {
        return None;
    }
    let traceparent = String::from_utf8(payload.split_to(length).to_vec()).ok()?;
    let mut deliveries = Vec::new();
    while payload.has_remaining() {
        deliveries.push(Delivery::decode_length_delimited(&mut payload).ok()?);
    }
    Some(Envelope {
        node,
        traceparent: (!traceparent.is_empty()).then_some(traceparent),
        deliveries,
    })
}

#[cfg(test)]
mod tests {
    use kith_api::chat::v1::{Typing, delivery::Delivery as Kind};

    use super::*;

    #[test]
    fn what_goes_in_comes_out_and_damage_is_noticed() {
        let delivery = Arc::new(Delivery {
            delivery: Some(Kind::Typing(Typing {
                room_id: "room".to_owned(),
                ..Typing::default()
            })),
        });
        let mut envelopes = Envelopes::new(7);
        envelopes.add(&delivery);
        envelopes.add(&delivery);

        let sent: Vec<_> = envelopes.finish().collect();

        let (_, payload) = &sent[0];
        let opened = open(payload.clone()).unwrap();
        assert_eq!(
            (sent.len(), opened.node, opened.deliveries.len()),
            (1, 7, 2)
        );
        assert_eq!(open(payload.slice(..payload.len() - 1)), None);
        assert_eq!(open(Bytes::from_static(b"\x02rest of it")), None);
    }
}
