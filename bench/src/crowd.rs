//! What a load needs before it begins: a node (or two), people who have signed up, and rooms with them. People sign up over REST, with hashes that
//! cost little; rooms are copied into the tables, because the load is what is measured, and some of them are larger than the API makes.

use std::{fmt::Write as _, path::Path, time::Duration};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use kith_e2e::{Node, Redis, Settings, eventually_within};
use kith_sdk::rest::{NewGroup, Registration};

use crate::{cost::Parties, driver::Visitor, load::Room, postgres::Server};

/// Kith's own database.
pub(crate) const DATABASE: &str = "kith";
const AT_ONCE: usize = 8;
/// The services' news of thousands of sign-ups.
const SETTLE: Duration = Duration::from_mins(2);
const ROOMS: (&str, &str) = ("bench_rooms", "room_id uuid, user_id uuid, place int");
/// What the service writes for a group of these people.
const INTO_ROOMS: &str = "
INSERT INTO chat.chat_rooms (id, kind, name, created_by, last_seq, participant_count, created_at, updated_at)
SELECT room_id, 'group', 'bench', (array_agg(user_id ORDER BY place))[1], 1, count(*), now(), now() FROM bench_rooms GROUP BY room_id;
INSERT INTO chat.chat_participants (room_id, user_id, joined_seq, role, joined_at)
SELECT room_id, user_id, 1, CASE place WHEN 0 THEN 'owner' ELSE 'member' END, now() FROM bench_rooms;
INSERT INTO chat.user_rooms (user_id, room_id, joined_seq) SELECT user_id, room_id, 1 FROM bench_rooms;
INSERT INTO chat.positions (room_id, user_id) SELECT room_id, user_id FROM bench_rooms;
INSERT INTO chat.room_events (room_id, seq, kind, body, created_at)
SELECT room_id, 1, kind, body, now()
FROM (SELECT DISTINCT room_id FROM bench_rooms) AS made, (SELECT kind, body FROM chat.room_events WHERE seq = 1 LIMIT 1) AS template;
ANALYZE chat.chat_rooms, chat.chat_participants, chat.user_rooms, chat.positions, chat.room_events";

/// Somebody who has signed up.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) token: String,
}

/// Nodes with people.
pub(crate) struct Crowd {
    /// The first one's Postgres is everybody's.
    pub(crate) nodes: Vec<Node>,
    pub(crate) postgres: Server,
    pub(crate) redis: Option<Redis>,
    pub(crate) members: Vec<Member>,
    rooms: usize,
}

impl Crowd {
    /// Starts a node on an empty folder, with so many people.
    pub(crate) async fn gather(kith: &Path, people: usize) -> anyhow::Result<Self> {
        Self::gather_at(settings(kith), people).await
    }

    /// The same with other settings.
    pub(crate) async fn gather_at(settings: Settings, people: usize) -> anyhow::Result<Self> {
        let node = Node::start_with(settings).await;
        let postgres = Server::of(&node);
        let members = sign_up(&node, people).await?;
        let count = "SELECT count(*) FROM chat.users";
        eventually_within(SETTLE, "chat knows everybody", async || {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let known: usize = postgres.query(DATABASE, count).ok()?.trim().parse().ok()?;
            (known >= people).then_some(())
        })
        .await;
        if let Some(first) = members.first() {
            // Its first event is what the others' is copied from.
            let template = NewGroup {
                name: "bench".to_owned(),
                participant_ids: Vec::new(),
                client_id: None,
            };
            node.api()
                .with_token(&first.token)
                .create_group(&template)
                .await?;
        }
        Ok(Self {
            nodes: vec![node],
            postgres,
            redis: None,
            members,
            rooms: 0,
        })
    }

    /// Makes `count` rooms with `size` people each: the first one's are the first people, and so on, from the beginning again
    /// when there are no more.
    pub(crate) fn rooms(&mut self, count: usize, size: usize) -> anyhow::Result<Vec<Room>> {
        let people = self.members.len();
        let layout: Vec<Vec<usize>> = (0..count)
            .map(|room| {
                (0..size)
                    .map(|place| (room * size + place) % people)
                    .collect()
            })
            .collect();
        self.rooms_of(&layout)
    }

    /// Makes rooms of these people each, by their places in the list of members.
    pub(crate) fn rooms_of(&mut self, layout: &[Vec<usize>]) -> anyhow::Result<Vec<Room>> {
        let mut rows = String::new();
        let mut rooms = Vec::with_capacity(layout.len());
        for places in layout {
            self.rooms += 1;
            // Of the shape of ids that the services make; time first, so that they are neighbours in the indexes.
            let id = format!("01970000-0000-7000-8000-{:012x}", self.rooms);
            for (place, at) in places.iter().enumerate() {
                writeln!(rows, "{id}\t{}\t{place}", self.members[*at].id)?;
            }
            rooms.push(Room {
                id,
                people: places.iter().map(|at| self.visitor(*at)).collect(),
                head: 1,
            });
        }
        self.postgres.copy(DATABASE, ROOMS, INTO_ROOMS, &rows)?;
        Ok(rooms)
    }

    /// A member, at one of the nodes: they are dealt out in turn.
    pub(crate) fn visitor(&self, at: usize) -> Visitor {
        Visitor {
            address: self.nodes[at % self.nodes.len()].address().to_owned(),
            token: self.members[at].token.clone(),
        }
    }

    /// Whose processor time counts.
    pub(crate) fn parties(&self) -> Parties {
        Parties {
            nodes: self.nodes.iter().map(Node::process_id).collect(),
            redis: self.redis.as_ref().map(Redis::process_id),
        }
    }

    /// Ends everything; the node with the Postgres last.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        while let Some(mut node) = self.nodes.pop() {
            let end = node.stop().await;
            anyhow::ensure!(end.success(), "kith ended with {end}");
        }
        Ok(())
    }
}

/// On the disk, without limits, with hashes that cost little and tokens that outlast a workload.
pub(crate) fn settings(kith: &Path) -> Settings {
    Settings::default()
        .on_disk()
        .with_binary(kith)
        .with("KITH__ACCOUNTS__PASSWORD_MEMORY_KIB", "64")
        .with("KITH__ACCOUNTS__PASSWORD_PASSES", "1")
        .with("KITH__ACCOUNTS__PASSWORD_CONCURRENCY", "8")
        .with("KITH__ACCOUNTS__ACCESS_TOKEN_LIFETIME", "1h")
}

async fn sign_up(node: &Node, count: usize) -> anyhow::Result<Vec<Member>> {
    let api = &node.api();
    stream::iter(0..count)
        .map(|number| async move {
            let registration = Registration {
                username: format!("bench{number}"),
                password: "correct horse battery".to_owned(),
                ..Registration::default()
            };
            let session = api.register(&registration).await?;
            anyhow::Ok(Member {
                id: session.user.user.id.to_string(),
                token: session.access_token,
            })
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}
