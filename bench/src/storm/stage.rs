//! What a storm needs before it begins: two nodes on one Postgres and one Redis, people with two devices each, rooms of ten.

use std::{path::Path, sync::Arc, time::Duration};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use kith_e2e::{Load, Node, Person, Postgres, Redis, Settings};
use kith_sdk::rest::NewGroup;
use tokio::time::{Instant, interval_at};

use super::{
    Size,
    device::{Device, Sender},
    phone::Phone,
    tally::Shared,
};
use crate::client::Client;

/// People in a room.
const SEATS: usize = 10;
/// Rooms that each person is in.
const ROOMS_EACH: usize = 4;
/// Rooms in which somebody says something, at most.
const TALKING: usize = 100;
const AT_ONCE: usize = 4;
/// From SIGTERM to the end at most: what `deploy/` gives a node of several, within the 30 s after which Kubernetes kills it.
const GRACE: &str = "25s";

/// Everything that takes part.
pub(super) struct Stage {
    pub(super) first: Node,
    pub(super) second: Node,
    pub(super) postgres: Postgres,
    _redis: Redis,
    people: Vec<Person>,
    rooms: Vec<String>,
    sockets: usize,
}

/// Starts the servers, signs everybody up and puts them into rooms.
pub(super) async fn set(kith: &Path, size: &Size) -> anyhow::Result<Stage> {
    let (mut postgres, redis) = (Postgres::start().await, Redis::start().await);
    Load::begin_counting(&mut postgres).await;
    let settings = || {
        Settings::default()
            .with_binary(kith)
            .with_postgres(&postgres.url())
            .with_redis(&redis.url())
            .with("KITH__SERVER__GRACE_PERIOD", GRACE)
            .with("KITH__GATEWAY__SOCKETS_PER_SECOND", &size.pace.to_string())
    };
    let first = Node::start_with(settings()).await;
    let second = Node::start_with(settings()).await;
    let sockets = size.sockets as usize;
    let people = people(&first, sockets.div_ceil(2).next_multiple_of(SEATS)).await;
    let rooms = rooms(&people).await?;
    Ok(Stage {
        first,
        second,
        postgres,
        _redis: redis,
        people,
        rooms,
        sockets,
    })
}

impl Stage {
    /// Bare sockets at the first node, one a person.
    pub(super) fn devices(&self, shared: &Arc<Shared>) -> Vec<Device> {
        let gates = [
            self.first.api().socket_url(),
            self.second.api().socket_url(),
        ];
        let people = self.people.iter().take(self.sockets.div_ceil(2));
        people
            .map(|person| Device::new(gates.clone(), person.token(), shared))
            .collect()
    }

    /// Devices as apps have them, at the first node until it is gone, another one a person.
    pub(super) fn phones(&self, shared: &Arc<Shared>) -> Vec<Phone> {
        let people = self.people.iter().take(self.sockets / 2);
        people
            .map(|person| {
                let servers = [self.first.api(), self.second.api()];
                Phone::new(servers, &person.session, shared)
            })
            .collect()
    }

    /// Those who talk, at the second node. Together they say so much a second.
    pub(super) async fn senders(
        &self,
        shared: &Arc<Shared>,
        rate: u32,
    ) -> anyhow::Result<Vec<Sender>> {
        // The first of each ten made the room that has their number; the rooms of people further apart come behind these.
        let rooms = self
            .rooms
            .iter()
            .take(TALKING.min(self.people.len() / SEATS));
        let count = u32::try_from(rooms.len())?;
        let pace = Duration::from_secs(1) * count / rate;
        let mut senders = Vec::new();
        for (number, room) in (0..).zip(rooms) {
            let person = self.people[number as usize * SEATS].at(&self.second);
            let client = Client::connect(&person).await?;
            // Not all at the same moment.
            let first = Instant::now() + pace * number / count;
            senders.push(Sender::new(client, room, interval_at(first, pace), shared));
        }
        Ok(senders)
    }
}

async fn people(node: &Node, count: usize) -> Vec<Person> {
    let names = (0..count).map(|n| format!("storm{n}"));
    stream::iter(names)
        .map(|name| async move {
            let person = Person::sign_up(node, &name).await;
            person.open_up().await;
            person
        })
        .buffered(AT_ONCE)
        .collect()
        .await
}

/// Rooms of ten: first neighbours, then people ever further apart.
async fn rooms(people: &[Person]) -> anyhow::Result<Vec<String>> {
    let groups = people.len() / SEATS;
    let members = (0..ROOMS_EACH).flat_map(|round| {
        (0..groups).map(move |group| {
            let seat = move |seat: usize| match round {
                0 => group * SEATS + seat,
                _ => (group + seat * round) % groups * SEATS + seat,
            };
            (0..SEATS).map(seat).collect::<Vec<_>>()
        })
    });
    stream::iter(members)
        .map(|seats| async move {
            let group = NewGroup {
                name: "Storm".to_owned(),
                participant_ids: seats[1..].iter().map(|&seat| people[seat].id()).collect(),
                client_id: None,
            };
            let room = people[seats[0]].api.create_group(&group).await?;
            anyhow::Ok(room.id.to_string())
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}
