//! Nodes are replaced one by one while people talk: whoever sends again under the same `client_id` never fails, and nothing is lost.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures::future::join_all;
use kith_e2e::{Device, Node, Person, Postgres, Redis, Settings, eventually, free_port, group};
use kith_sdk::{
    backoff::Backoff,
    model::{Message, RoomId},
    rest::{Api, MessagePost},
    socket::{Connection, Hello, SocketError, Upgrade},
};

use crate::faults::assert_log_is;

/// Acknowledged messages between two restarts.
const BETWEEN: usize = 60;

/// Somebody who sends one message after the other over a socket, and goes to the next node when theirs is gone.
struct Sender {
    name: String,
    token: String,
    gates: Vec<Api>,
    at: usize,
    connection: Option<Connection>,
    backoff: Backoff,
}

impl Sender {
    fn new(person: &Person, nodes: [&Node; 2], at: usize) -> Self {
        Self {
            name: person.username.clone(),
            token: person.token().to_owned(),
            gates: nodes.map(Node::api).into(),
            at,
            connection: None,
            backoff: Backoff::default(),
        }
    }

    /// Sends until it is told to stop; gives what was acknowledged, which is everything that it sent.
    async fn talk(mut self, room: RoomId, stop: &AtomicBool, count: &AtomicUsize) -> Vec<Message> {
        let mut acknowledged = Vec::new();
        for n in 0.. {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let post = MessagePost {
                client_id: format!("{}-{n}", self.name),
                text: format!("message {n}"),
                reply_to: None,
            };
            acknowledged.push(self.send(room, &post).await);
            count.fetch_add(1, Ordering::Relaxed);
        }
        acknowledged
    }

    async fn send(&mut self, room: RoomId, post: &MessagePost) -> Message {
        loop {
            let outcome = match &self.connection {
                Some(connection) => connection.link.send(room, post).await,
                None => Err(SocketError::Closed(None)),
            };
            match outcome {
                Ok(sent) => {
                    self.backoff.reset();
                    return sent.message;
                }
                Err(error) => assert!(error.is_retryable(), "{error}"),
            }
            self.go_on().await;
        }
    }

    /// As the contract has it: after a pause, to whichever node answers.
    async fn go_on(&mut self) {
        tokio::time::sleep(self.backoff.next_delay()).await;
        self.at = (self.at + 1) % self.gates.len();
        let url = self.gates[self.at].socket_url();
        let hello = Hello::with_token(&self.token);
        self.connection = Connection::open(&url, Upgrade::default(), &hello)
            .await
            .ok();
    }
}

#[tokio::test]
async fn nodes_are_replaced_one_by_one_and_no_send_fails() {
    let (postgres, redis) = (Postgres::start().await, Redis::start().await);
    let settings = || {
        Settings::default()
            .with_postgres(&postgres.url())
            .with_redis(&redis.url())
            .listening_on(&format!("127.0.0.1:{}", free_port()))
    };
    let first = Node::start_with(settings()).await;
    let second = Node::start_with(settings()).await;
    let people = Person::sign_up_crowd(&first, "person", 4).await;
    let room = group("Moving", &people).await.id();
    let reader = people[0].device().await;
    let (stop, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    let gate = second.api();

    let senders = people
        .iter()
        .enumerate()
        .map(|(at, person)| Sender::new(person, [&first, &second], at));
    let sending = join_all(senders.map(|sender| sender.talk(room, &stop, &count)));
    let moving = async {
        let mut nodes = [first, second];
        for _ in 0..2 {
            let [mut leaving, staying] = nodes;
            let before = count.load(Ordering::Relaxed);
            eventually("people talk", async || {
                (count.load(Ordering::Relaxed) > before + BETWEEN).then_some(())
            })
            .await;
            assert_eq!(leaving.stop().await.code(), Some(0));
            nodes = [staying, leaving.restart().await];
        }
        stop.store(true, Ordering::Relaxed);
        nodes
    };
    let (acknowledged, running) = tokio::join!(sending, moving);

    let acknowledged = acknowledged.concat();
    assert!(acknowledged.len() > 2 * BETWEEN);
    let anywhere = people[0].at(&running[0]);
    assert_log_is(&anywhere, room, &acknowledged).await;
    let back = Device::resume(&gate, people[0].token(), &reader).await;
    back.wait_resumed().await;
    let last = acknowledged.iter().map(|it| it.seq).max().unwrap();
    assert!(reader.cursors().rooms[&room] < last && back.cursors().rooms[&room] == last);
    reader.assert_sound();
    back.assert_sound();
}
