//! Which servers of a Redis Cluster have which shards, as one of its nodes tells it.

use std::collections::HashMap;

use redis::{AsyncConnectionConfig, Client, RedisError, Value, cluster_routing::Slot};

use super::{PATIENCE, Space};
use crate::{
    SHARDS,
    servers::{Address, Servers, address},
};

/// What one node tells of its cluster.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// The shards of each master.
    pub(super) masters: HashMap<Address, Vec<u16>>,
    /// False when it takes no commands, for want of a master.
    pub(super) is_up: bool,
}

/// A range of slots and the master that has them.
struct Range {
    first: u16,
    last: u16,
    master: Address,
}

/// The shards of each slot.
#[derive(Debug)]
pub(super) struct Slots(HashMap<Slot, Vec<u16>>);

/// Asks the node at this address.
pub(super) async fn ask(
    servers: &Servers,
    node: &Address,
    slots: &Slots,
) -> Result<Layout, RedisError> {
    let client = Client::open(servers.node(node))?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    let mut connection = client
        .get_multiplexed_async_connection_with_config(&config)
        .await?;
    let (answer, state): (Value, String) = redis::pipe()
        .cmd("CLUSTER")
        .arg("SLOTS")
        .cmd("CLUSTER")
        .arg("INFO")
        .query_async(&mut connection)
        .await?;
    Ok(Layout {
        masters: slots.spread(&ranges(answer, node)),
        is_up: state.contains("cluster_state:ok"),
    })
}

/// The nodes that were given.
pub(super) fn given(servers: &Servers) -> Vec<Address> {
    servers.addresses().iter().filter_map(address).collect()
}

impl Slots {
    pub(super) fn of(space: &Space) -> Self {
        let mut slots: HashMap<Slot, Vec<u16>> = HashMap::new();
        for shard in 0..SHARDS {
            let slot = Slot::for_key(space.channel(shard));
            slots.entry(slot).or_default().push(shard);
        }
        Self(slots)
    }

    fn spread(&self, ranges: &[Range]) -> HashMap<Address, Vec<u16>> {
        let mut masters: HashMap<Address, Vec<u16>> = HashMap::new();
        for range in ranges {
            let slots = (range.first..=range.last).filter_map(Slot::new);
            let shards: Vec<u16> = slots
                .filter_map(|slot| self.0.get(&slot))
                .flatten()
                .copied()
                .collect();
            if !shards.is_empty() {
                let of_master = masters.entry(range.master.clone()).or_default();
                of_master.extend(shards);
            }
        }
        masters
    }
}

/// What cannot be read is left out: its shards then have no server, and the layout is asked for again.
fn ranges(answer: Value, asked: &Address) -> Vec<Range> {
    let Value::Array(ranges) = answer else {
        return Vec::new();
    };
    ranges
        .into_iter()
        .filter_map(|it| range(it, asked))
        .collect()
}

/// `[first, last, [host, port, id, …], replicas…]`.
fn range(value: Value, asked: &Address) -> Option<Range> {
    let Value::Array(fields) = value else {
        return None;
    };
    let [
        Value::Int(first),
        Value::Int(last),
        Value::Array(master),
        ..,
    ] = &fields[..]
    else {
        return None;
    };
    let [host, Value::Int(port), ..] = &master[..] else {
        return None;
    };
    Some(Range {
        first: u16::try_from(*first).ok()?,
        last: u16::try_from(*last).ok()?,
        master: Address {
            host: host_of(host, asked)?,
            port: u16::try_from(*port).ok()?,
        },
    })
}

/// A node that does not know its own name is reached as it was asked; `?` is one that nobody knows.
fn host_of(value: &Value, asked: &Address) -> Option<String> {
    let name = match value {
        Value::Nil => "",
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok()?,
        Value::SimpleString(text) => text,
        _ => return None,
    };
    match name {
        "" => Some(asked.host.clone()),
        "?" => None,
        name => Some(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(first: i64, last: i64, host: &str, port: i64) -> Value {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let node = Value::Array(vec![text(host), Value::Int(port), text("id")]);
        Value::Array(vec![
            Value::Int(first),
            Value::Int(last),
            node.clone(),
            node,
        ])
    }

    fn address(host: &str, port: u16) -> Address {
        Address {
            host: host.to_owned(),
            port,
        }
    }

    #[test]
    fn every_shard_is_at_the_master_of_its_slot() {
        let answer = Value::Array(vec![
            slots(0, 8_191, "one", 7_000),
            slots(8_192, 16_383, "", 7_001),
        ]);
        let space = Space("kith".into());

        let masters = Slots::of(&space).spread(&ranges(answer, &address("asked", 1)));

        let of = |address: &Address| masters.get(address).map_or(0, Vec::len);
        let (one, other) = (of(&address("one", 7_000)), of(&address("asked", 7_001)));
        assert_eq!(one + other, usize::from(SHARDS));
        // The tag is the shard's number alone; Redis itself says that `{7}` is in slot 1716 and `{1023}` in 14911.
        assert!(masters[&address("one", 7_000)].contains(&7));
        assert!(masters[&address("asked", 7_001)].contains(&1_023));
        assert!(one > 400 && other > 400, "{one} {other}");
    }

    #[test]
    fn a_slot_without_a_server_has_no_shards() {
        let answer = Value::Array(vec![slots(0, 100, "?", 7_000), Value::Nil]);

        assert!(ranges(answer, &address("asked", 1)).is_empty());
    }
}
