//! Each room's sends go to one chat node, whichever gateway they come to; when that node dies under way, another one finishes in order.

use std::time::Duration;

use futures::{StreamExt as _, stream::FuturesOrdered};
use kith_e2e::{
    Device, Group, Node, Person, Postgres, Redis, Settings, befriend, eventually, free_port, group,
    within,
};
use kith_sdk::rest::MessagePost;

/// Enough that either node owns some of them, but for one run in 32,768.
const ROOMS: usize = 16;
const EACH: usize = 12;
/// A gateway repeats what a dead node left unanswered as soon as it hears of the death.
const SOON: Duration = Duration::from_secs(5);
const WARM: &str = "warm";

struct Stores(Postgres, Redis);

impl Stores {
    async fn start() -> Self {
        Self(Postgres::start().await, Redis::start().await)
    }

    /// A node that knows these chat nodes.
    async fn node(&self, roles: &str, internal: u16, chats: &[u16]) -> Node {
        Node::start_with(self.settings(roles, internal, chats)).await
    }

    fn settings(&self, roles: &str, internal: u16, chats: &[u16]) -> Settings {
        let url = |port: &u16| format!("http://127.0.0.1:{port}");
        let urls: Vec<_> = chats.iter().map(url).collect();
        let listen = format!("127.0.0.1:{internal}");
        Settings::default()
            .with_postgres(&self.0.url())
            .with_redis(&self.1.url())
            .with("KITH__NODE__ROLES", roles)
            .with("KITH__SERVER__INTERNAL_LISTEN", &listen)
            .with("KITH__UPSTREAM__CHAT", &urls.join(","))
    }
}

/// How many messages a node has stored, whoever took them.
async fn stored(node: &Node) -> f64 {
    let stored = node.metric("kith_chat_messages_total").await;
    stored.unwrap_or_default()
}

async fn rooms_of(people: &[Person; 2]) -> Vec<Group> {
    befriend(&people[0], &people[1]).await;
    let mut rooms = Vec::new();
    for n in 0..ROOMS {
        rooms.push(group(&format!("Room {n}"), people).await);
    }
    rooms
}

/// Somebody says a dozen things in each of many rooms, as fast as the socket takes them, while a chat node dies. All of it is acknowledged at the first
/// attempt, and the other one hears each thing once and in order.
async fn talk_through_a_death(people: &[Person; 2], dying: &mut Node) {
    let rooms = rooms_of(people).await;
    let (author, reader) = (people[0].device().await, people[1].device().await);
    eventually(
        "the node that will die is the owner of a room",
        async || {
            for room in &rooms {
                author.send(room.id(), WARM).await.unwrap();
            }
            (stored(dying).await > 0.0).then_some(())
        },
    )
    .await;

    let newest = say_everything(&author, &rooms, dying).await;

    for (room, seq) in rooms.iter().zip(newest) {
        let heard = reader.wait_event(room.id(), seq);
        within(SOON * 2, "everything arrives", heard).await;
        let messages = reader.messages(room.id()).into_iter();
        let said: Vec<_> = messages.filter_map(|it| it.text).collect();
        let said: Vec<_> = said.iter().filter(|text| *text != WARM).collect();
        let all: Vec<_> = (0..EACH).map(|n| n.to_string()).collect();
        assert!(
            said.into_iter().eq(&all),
            "{:?}",
            reader.messages(room.id())
        );
    }
    author.assert_sound();
    reader.assert_sound();
}

/// Gives the newest seq of each room.
async fn say_everything(author: &Device, rooms: &[Group], dying: &mut Node) -> Vec<u64> {
    let each = |n: usize| {
        rooms.iter().map(move |room| {
            let post = MessagePost {
                client_id: format!("{n}"),
                text: n.to_string(),
                reply_to: None,
            };
            (room.id(), post)
        })
    };
    let posts: Vec<_> = (0..EACH).flat_map(each).collect();
    let sends = posts
        .iter()
        .map(|(room, post)| author.link.send(*room, post));
    let mut sends: FuturesOrdered<_> = sends.collect();
    let mut seqs = Vec::new();
    let acknowledged = async {
        while let Some(sent) = sends.next().await {
            seqs.push(sent.unwrap().message.seq);
            if seqs.len() == ROOMS {
                dying.kill().await;
            }
        }
    };
    within(SOON, "everything is acknowledged", acknowledged).await;
    seqs.split_off(seqs.len() - ROOMS)
}

#[tokio::test]
async fn of_two_whole_nodes_that_know_each_other_one_may_die_amid_a_burst() {
    let stores = Stores::start().await;
    let ports = [free_port(), free_port()];
    let staying = stores.node("all", ports[0], &ports).await;
    let mut dying = stores.node("all", ports[1], &ports).await;
    let people = Person::sign_up_all(&staying, ["ann", "bob"]).await;

    talk_through_a_death(&people, &mut dying).await;
}

#[tokio::test]
async fn of_two_chat_nodes_one_may_die_amid_a_burst() {
    let stores = Stores::start().await;
    let (ports, people_port) = ([free_port(), free_port()], free_port());
    let url = format!("http://127.0.0.1:{people_port}");
    let node = async |roles: &str, port| {
        let settings = stores.settings(roles, port, &ports);
        let services = ["ACCOUNTS", "FRIENDS", "PRESENCE"].into_iter();
        let settings = services.fold(settings, |settings, service| {
            settings.with(&format!("KITH__UPSTREAM__{service}"), &url)
        });
        Node::start_with(settings).await
    };
    let _people = node("accounts,friends,presence", people_port).await;
    let _staying = node("chat", ports[0]).await;
    let mut dying = node("chat", ports[1]).await;
    let gateway = node("gateway", free_port()).await;
    let people = Person::sign_up_all(&gateway, ["ann", "bob"]).await;

    talk_through_a_death(&people, &mut dying).await;
}

#[tokio::test]
async fn what_is_sent_at_two_nodes_into_one_room_meets_in_one() {
    const MESSAGES: u8 = 10;
    let stores = Stores::start().await;
    let ports = [free_port(), free_port()];
    let here = stores.node("all", ports[0], &ports).await;
    let there = stores.node("all", ports[1], &ports).await;
    let [ann, bob] = Person::sign_up_all(&here, ["ann", "bob"]).await;
    befriend(&ann, &bob).await;
    let room = group("Room", &[ann.clone(), bob.clone()]).await;
    let (anns, bobs) = (ann.device().await, bob.at(&there).device().await);

    // Both have found each other sooner or later. The last one may be counted after its answer.
    let most = f64::from(MESSAGES - 1);
    eventually("one of the nodes stores all of it", async || {
        let before = [stored(&here).await, stored(&there).await];
        for device in [&anns, &bobs].into_iter().cycle().take(MESSAGES.into()) {
            device.send(room.id(), "hello").await.unwrap();
        }
        let after = [stored(&here).await, stored(&there).await];
        [0, 1]
            .iter()
            .any(|it| after[*it] - before[*it] >= most)
            .then_some(())
    })
    .await;
    anns.assert_sound();
    bobs.assert_sound();
}

#[tokio::test]
async fn a_node_that_is_told_of_the_others_in_the_wrong_words_does_not_start() {
    let settings = Settings::default().with("KITH__UPSTREAM__CHAT", "http://one:9090,two:9090");

    let (status, said) = Node::refuses_to_start(settings).await;

    assert!(!status.success());
    assert!(said.contains("upstream.chat"), "{said}");
}
