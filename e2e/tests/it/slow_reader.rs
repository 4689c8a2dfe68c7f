//! A device that does not read holds up nobody, is told what it lost, and is given up when it goes on like that.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use kith_e2e::{DEADLINE, Device, Node, Person, group, within};
use kith_sdk::{close::SLOW, model::RoomId};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

/// The longest text there is; in characters of four bytes.
const CHARACTERS: usize = 4_000;
/// More than the queue of a socket and the buffers of two kernels can hold together.
const MOST_MESSAGES: usize = 2_000;
/// Ten seconds by the promise; the machine may be busy.
const GIVEN_UP: Duration = Duration::from_secs(20);

/// A device that reads when it is told to, with a small window.
struct Slow(WebSocketStream<TcpStream>);

impl Slow {
    async fn connect(node: &Node, person: &Person) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        let stream = socket
            .connect(node.address().parse().unwrap())
            .await
            .unwrap();
        let url = format!("ws://{}/api/v1/ws", node.address());
        let mut slow = Self(client_async(url, stream).await.unwrap().0);
        slow.say(&json!({ "t": "hello", "token": person.token() }))
            .await;
        let ready = slow.next().await.unwrap();
        assert_eq!(ready["t"], "ready", "{ready}");
        slow
    }

    async fn say(&mut self, frame: &Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next frame, or the code of the close.
    async fn next(&mut self) -> Result<Value, u16> {
        loop {
            let message = within(DEADLINE, "something comes", self.0.next()).await;
            match message {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(Some(close)))) => return Err(close.code.into()),
                Some(Ok(_)) => {}
                other => panic!("no close: {other:?}"),
            }
        }
    }

    /// Reads on to the next frame of a kind; events of the room are counted on the way, and must be in order.
    async fn until(&mut self, kind: &str, seen: &mut u64) -> Value {
        loop {
            let frame = self.next().await.unwrap();
            if frame["t"] == kind {
                return frame;
            }
            if frame["t"] == "event" {
                *seen += 1;
                assert_eq!(frame["seq"], *seen);
            }
        }
    }
}

/// Says so much that the queue of a device which does not read overflows; gives the head.
async fn flood(node: &Node, from: &Device, room: RoomId) -> u64 {
    let text = "\u{1f980}".repeat(CHARACTERS);
    let mut last = 0;
    for _ in 0..MOST_MESSAGES / 20 {
        let sends = (0..20).map(|_| from.send(room, &text));
        for sent in futures::future::join_all(sends).await {
            last = last.max(sent.unwrap().message.seq);
        }
        if node.metric("kith_ws_rooms_detached_total").await.is_some() {
            return last;
        }
    }
    panic!("the queue of who does not read has no end");
}

#[tokio::test]
async fn who_reads_too_slowly_is_told_fetches_and_is_live_again() {
    let node = Node::start().await;
    let people = Person::sign_up_all(&node, ["ann", "bob", "cat"]).await;
    let room = group("Busy", &people).await.id();
    let quiet = group("Quiet", &people).await.id();
    let [ann, bob, cat] = people;
    let (anns, bobs) = (ann.device().await, bob.device().await);
    let mut slow = Slow::connect(&node, &cat).await;
    let mut seen = 1;

    let head = flood(&node, &anns, room).await;

    bobs.wait_event(room, head).await;
    bobs.assert_sound();
    let behind = slow.until("behind", &mut seen).await;
    assert!(seen < head, "the queue overflowed");
    assert_eq!(behind["rooms"], json!({ (room.to_string()): head }));
    assert!(behind["useq"].is_u64());
    let detached = kith_e2e::post(&ann, room, "to who is attached").await.seq;
    let elsewhere = kith_e2e::post(&ann, quiet, "another room goes on")
        .await
        .seq;
    let event = slow.until("event", &mut seen).await;
    assert_eq!(
        (&event["room_id"], &event["seq"]),
        (&json!(quiet), &json!(elsewhere)),
        "nothing of the detached room"
    );
    while seen < detached {
        slow.say(
            &json!({ "t": "fetch", "ref": "f", "room_id": room, "after": seen, "limit": 100 }),
        )
        .await;
        let ok = slow.until("ok", &mut seen).await;
        for event in ok["d"]["events"].as_array().unwrap() {
            seen += 1;
            assert_eq!(event["seq"], seen);
        }
    }
    let live = kith_e2e::post(&ann, room, "live again").await.seq;
    let event = slow.until("event", &mut seen).await;
    assert_eq!(
        (&event["seq"], &event["d"]["text"]),
        (&json!(live), &json!("live again"))
    );
}

#[tokio::test]
async fn who_reads_nothing_is_given_up_and_the_others_do_not_notice() {
    let node = Node::start().await;
    let people = Person::sign_up_all(&node, ["ann", "bob", "cat"]).await;
    let room = group("Busy", &people).await.id();
    let [ann, bob, cat] = people;
    let (anns, bobs) = (ann.device().await, bob.device().await);
    let mut slow = Slow::connect(&node, &cat).await;

    let head = flood(&node, &anns, room).await;
    bobs.wait_event(room, head).await;
    // The close of a socket that takes nothing cannot be seen on it, but the node counts its sockets.
    let open = "kith_ws_sockets";
    kith_e2e::eventually_within(GIVEN_UP, "the socket is given up", async || {
        (node.metric(open).await? <= 2.0).then_some(())
    })
    .await;

    let mut last_words = None;
    let code = loop {
        match slow.next().await {
            Ok(frame) => last_words = Some(frame),
            Err(code) => break code,
        }
    };
    assert_eq!(code, SLOW);
    assert_eq!(last_words.unwrap()["code"], "slow");
    let after = anns.send(room, "and on it goes").await.unwrap();
    bobs.wait_event(room, after.message.seq).await;
    anns.assert_sound();
    bobs.assert_sound();
}
