//! Which chat node a room's sends go to: of those with an open stream, the one that rendezvous hashing names. All gateways name the same one, so
//! that a room's messages meet in one node's batches; when a node goes, only its own rooms move.

use std::{fmt, net::SocketAddr};

use kith_api::chat::v1::command::Command;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// A room, as far as the choice goes. Two rooms that share it share their fate, which costs nothing but balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Room(u64);

/// A node, as far as the choice goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The one in this process, of which the others know nothing: it stands in while none of them can be reached.
    Own,
    /// One that everybody knows by its address, and what that says of the rooms that it owns.
    Known { address: SocketAddr, seed: u64 },
}

impl Room {
    /// Of what is to be done.
    pub(super) fn of(command: &Command) -> Self {
        let room_id = match command {
            Command::SendMessage(it) => it.room_id.as_str(),
            Command::MarkRoomAsRead(it) => &it.room_id,
            Command::MarkRoomAsDelivered(it) => &it.room_id,
            Command::SetTyping(it) => &it.room_id,
            Command::Attach(_) | Command::Detach(_) => "",
        };
        Self(xxh3_64(room_id.as_bytes()))
    }
}

impl Owner {
    pub(super) fn at(address: Option<SocketAddr>) -> Self {
        address.map_or(Self::Own, |address| Self::Known {
            address,
            seed: xxh3_64(address.to_string().as_bytes()),
        })
    }

    /// The greatest one owns the room.
    pub(super) fn rank(self, room: Room) -> Option<u64> {
        match self {
            Self::Own => None,
            Self::Known { seed, .. } => Some(xxh3_64_with_seed(&room.0.to_le_bytes(), seed)),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("the one in this process"),
            Self::Known { address, .. } => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use kith_api::chat::v1::{MarkRoomAsRead, SendMessageRequest};

    use super::*;

    const ROOMS: usize = 10_000;

    fn rooms() -> impl Iterator<Item = Room> {
        (0..ROOMS).map(|n| {
            Room::of(&Command::SendMessage(SendMessageRequest {
                room_id: format!("01970000-0000-7000-8000-{n:012x}"),
                ..SendMessageRequest::default()
            }))
        })
    }

    fn nodes(count: u8) -> Vec<Owner> {
        let address = |n| SocketAddr::from(([10, 0, 0, n], 9090));
        (1..=count).map(|n| Owner::at(Some(address(n)))).collect()
    }

    fn owner(nodes: &[Owner], room: Room) -> usize {
        (0..nodes.len())
            .max_by_key(|it| nodes[*it].rank(room))
            .unwrap()
    }

    #[test]
    fn rooms_are_shared_evenly() {
        let nodes = nodes(3);
        let mut owned = [0; 3];
        for room in rooms() {
            owned[owner(&nodes, room)] += 1;
        }

        for count in owned {
            assert!(
                (ROOMS * 3 / 10..ROOMS * 11 / 30).contains(&count),
                "{owned:?}"
            );
        }
    }

    #[test]
    fn only_the_rooms_of_a_node_that_goes_move() {
        let all = nodes(3);

        for room in rooms() {
            let before = owner(&all, room);
            let after = owner(&all[..2], room);
            assert!(before == 2 || before == after);
        }
    }

    #[test]
    fn a_node_of_this_process_that_nobody_knows_is_the_last_resort() {
        let nodes = [Owner::at(None), nodes(1)[0]];

        assert!(rooms().all(|room| owner(&nodes, room) == 1));
    }

    #[test]
    fn all_that_is_done_in_a_room_is_of_it() {
        let room_id = "01970000-0000-7000-8000-000000000001".to_owned();
        let read = Command::MarkRoomAsRead(MarkRoomAsRead { room_id, seq: 1 });

        assert_eq!(Some(Room::of(&read)), rooms().nth(1));
    }
}
