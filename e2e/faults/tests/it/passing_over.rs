//! A chat node that does nothing of what it is asked is passed over, and has its rooms again when it is well. Two whole nodes that know each other; the people
//! are at one, the trouble is at the other.

use std::time::Duration;

use kith_e2e::{
    Device, Node, Person, Postgres, Redis, Settings, befriend, eventually, eventually_within,
    free_port, group,
};
use kith_faults::proxy::{Proxy, Rules, Speaks};
use kith_sdk::{
    model::{Message, RoomId},
    rest::MessagePost,
};
use rustix::process::{Pid, Signal, kill_process};

/// Enough that either node owns some of them.
const ROOMS: usize = 8;
/// A node without its database refuses after 2 s, and must have done nothing else for one; one that is silent is waited for for 3 s.
const PASSED_OVER: Duration = Duration::from_secs(15);
/// It is tried again at the latest after 30 s.
const BACK: Duration = Duration::from_secs(45);

struct Pair {
    here: Node,
    there: Node,
    /// The other node's way to Postgres.
    way: Proxy,
    _postgres: Postgres,
    _redis: Redis,
}

/// What is said at this node, and what became of it.
struct Talk {
    author: Device,
    reader: Device,
    rooms: Vec<RoomId>,
    acknowledged: Vec<Message>,
}

impl Pair {
    async fn start() -> Self {
        let (postgres, redis) = (Postgres::start().await, Redis::start().await);
        let way = Proxy::start(Speaks::Bytes, postgres.address(), 1).await;
        let ports = [free_port(), free_port()];
        let chats = ports
            .map(|port| format!("http://127.0.0.1:{port}"))
            .join(",");
        let node = async |port, database: &str| {
            let settings = Settings::default()
                .with_postgres(database)
                .with_redis(&redis.url())
                .with(
                    "KITH__SERVER__INTERNAL_LISTEN",
                    &format!("127.0.0.1:{port}"),
                )
                .with("KITH__UPSTREAM__CHAT", &chats);
            Node::start_with(settings).await
        };
        let behind_the_way = format!("postgres://postgres@{}/postgres", way.address());
        Self {
            here: node(ports[0], &postgres.url()).await,
            there: node(ports[1], &behind_the_way).await,
            way,
            _postgres: postgres,
            _redis: redis,
        }
    }

    async fn talk(&self) -> Talk {
        let people = Person::sign_up_all(&self.here, ["ann", "bob"]).await;
        befriend(&people[0], &people[1]).await;
        let mut rooms = Vec::new();
        for n in 0..ROOMS {
            rooms.push(group(&format!("Room {n}"), &people).await.id());
        }
        Talk {
            author: people[0].device().await,
            reader: people[1].device().await,
            rooms,
            acknowledged: Vec::new(),
        }
    }

    /// Says something and gives whether the other node stored it.
    async fn is_said_there(&self, talk: &mut Talk, room: RoomId) -> bool {
        let before = [stored(&self.here).await, stored(&self.there).await];
        talk.say(room).await;
        // It may be counted after its answer.
        eventually("one of them has stored it", async || {
            let here = stored(&self.here).await > before[0];
            let there = stored(&self.there).await > before[1];
            (here || there).then_some(there)
        })
        .await
    }

    /// A room of the other node's.
    async fn room_there(&self, talk: &mut Talk) -> RoomId {
        eventually("the nodes have found each other", async || {
            for room in talk.rooms.clone() {
                if self.is_said_there(talk, room).await {
                    return Some(room);
                }
            }
            None
        })
        .await
    }

    /// Waits until the other node has the room again.
    async fn wait_back(&self, talk: &mut Talk, room: RoomId) {
        let back = async || self.is_said_there(talk, room).await.then_some(());
        eventually_within(BACK, "it has its rooms again", back).await;
    }

    fn signal_there(&self, signal: Signal) {
        let pid = Pid::from_raw(self.there.process_id().cast_signed()).unwrap();
        kill_process(pid, signal).unwrap();
    }
}

impl Talk {
    /// Says something, again and again until it is acknowledged, as an outbox does.
    async fn say(&mut self, room: RoomId) {
        let text = self.acknowledged.len().to_string();
        let post = MessagePost {
            client_id: text.clone(),
            text,
            reply_to: None,
        };
        let link = &self.author.link;
        let sent = eventually_within(PASSED_OVER, "a send succeeds", async || {
            let refused = match link.send(room, &post).await {
                Ok(sent) => return Some(sent.message),
                Err(refused) => refused,
            };
            assert!(refused.is_retryable(), "{refused}");
            None
        });
        self.acknowledged.push(sent.await);
    }

    /// Everything was heard, once and in order.
    async fn assert_whole(&self) {
        for room in &self.rooms {
            let said = self.acknowledged.iter().filter(|it| it.room_id == *room);
            let said: Vec<_> = said.map(|it| (it.seq, it.text.clone())).collect();
            let Some((newest, _)) = said.last() else {
                continue;
            };
            self.reader.wait_event(*room, *newest).await;
            let heard = self.reader.messages(*room).into_iter();
            let heard: Vec<_> = heard.map(|it| (it.seq, it.text)).collect();
            assert_eq!(heard, said);
        }
        self.author.assert_sound();
        self.reader.assert_sound();
    }
}

/// How many messages a node has stored, whoever took them.
async fn stored(node: &Node) -> f64 {
    let stored = node.metric("kith_chat_messages_total").await;
    stored.unwrap_or_default()
}

#[tokio::test]
async fn a_node_that_loses_its_database_is_passed_over_until_it_has_it_again() {
    let pair = Pair::start().await;
    let mut talk = pair.talk().await;
    let room = pair.room_there(&mut talk).await;

    pair.way.rule(Rules {
        refuse: true,
        ..Rules::default()
    });
    pair.way.cut();

    assert!(!pair.is_said_there(&mut talk, room).await);
    for room in talk.rooms.clone() {
        assert!(!pair.is_said_there(&mut talk, room).await);
    }

    pair.way.behave();

    pair.wait_back(&mut talk, room).await;
    talk.assert_whole().await;
}

#[tokio::test]
async fn a_node_that_falls_silent_is_passed_over_and_that_is_said_once() {
    let pair = Pair::start().await;
    let mut talk = pair.talk().await;
    let room = pair.room_there(&mut talk).await;

    pair.signal_there(Signal::STOP);
    talk.say(room).await;
    let output = pair.here.output();
    pair.signal_there(Signal::CONT);

    let complaints = output.matches("its rooms go to others").count();
    assert_eq!(complaints, 1, "{output}");
    pair.wait_back(&mut talk, room).await;
    talk.assert_whole().await;
}
