//! A device against a scripted server: what it says survives everything and arrives once, what it hears it shows once.

mod coming_back;

use std::io;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        http::HeaderValue,
        protocol::CloseFrame,
    },
};
use uuid::Uuid;

use super::*;
use crate::store::{FileStore, MemoryStore};

const ROOM: Uuid = Uuid::from_u128(7);
const ME: Uuid = Uuid::from_u128(1);

/// A server that says what the test tells it to.
struct Server {
    listener: TcpListener,
    api: Api,
}

/// One connection to it.
struct Line(WebSocketStream<TcpStream>);

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = Api::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        Self { listener, api }
    }

    async fn client(&self, store: impl Store) -> (Client, Updates) {
        let servers = [self.api.clone()];
        Client::sign_in(&servers, &session(), store).await.unwrap()
    }

    /// The next connection, and its `hello`.
    async fn hello(&self) -> (Line, Value) {
        let (stream, _) = self.listener.accept().await.unwrap();
        #[expect(clippy::result_large_err, reason = "the library's signature")]
        let echo = |_: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
            let protocol = HeaderValue::from_static("kith.v1");
            response
                .headers_mut()
                .insert("sec-websocket-protocol", protocol);
            Ok(response)
        };
        let mut line = Line(
            tokio_tungstenite::accept_hdr_async(stream, echo)
                .await
                .unwrap(),
        );
        let hello = line.hear().await;
        assert_eq!(hello["t"], json!("hello"));
        (line, hello)
    }

    /// The next connection, live, with the room at this head.
    async fn welcome(&self, head: u64) -> (Line, Value) {
        let (mut line, hello) = self.hello().await;
        line.say(json!({
            "t": "ready", "session_id": Uuid::nil(), "user_id": ME, "epoch": 1, "useq": 0, "heartbeat_ms": 25000,
            "server_time": "2026-01-01T00:00:00.000Z", "rooms": { ROOM.to_string(): head }, "limits": {}
        }))
        .await;
        if hello.get("resume").is_some() {
            line.say(json!({ "t": "resumed", "useq": 0, "too_long": [], "user_too_long": false }))
                .await;
        }
        (line, hello)
    }
}

impl Line {
    async fn hear(&mut self) -> Value {
        serde_json::from_str(self.0.next().await.unwrap().unwrap().to_text().unwrap()).unwrap()
    }

    async fn say(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn event(&mut self, seq: u64) {
        self.say(json!({
            "t": "event", "room_id": ROOM, "seq": seq, "type": "room.updated", "at": "2026-01-01T00:00:00.000Z", "d": {}
        }))
        .await;
    }

    async fn answer_send(&mut self, send: &Value, seq: u64) {
        let message = json!({
            "id": Uuid::from_u128(u128::from(seq)), "room_id": ROOM, "seq": seq, "sender_id": ME,
            "client_id": send["client_id"], "text": send["text"], "created_at": "2026-01-01T00:00:00.000Z"
        });
        self.say(json!({ "t": "ok", "ref": send["ref"], "d": { "message": message, "duplicate": false } }))
            .await;
    }

    async fn close(mut self, code: u16) {
        let frame = CloseFrame {
            code: code.into(),
            reason: "".into(),
        };
        self.0.close(Some(frame)).await.unwrap();
    }
}

fn session() -> Session {
    let me = json!({
        "id": ME, "username": "me", "display_name": "Me", "avatar_url": null, "friends_count": 0,
        "mutual_friends_count": 0, "relation": "self", "locale": null, "created_at": "2026-01-01T00:00:00.000Z"
    });
    serde_json::from_value(json!({
        "user": me, "session_id": Uuid::nil(), "access_token": "t", "token_type": "Bearer", "expires_in": 900,
        "refresh_token": null
    }))
    .unwrap()
}

async fn next_seq(updates: &mut Updates) -> u64 {
    loop {
        match updates.next().await.unwrap() {
            Update::Event(event) => return event.seq,
            Update::StartOver(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_was_said_on_a_lost_connection_goes_out_again_under_its_name() {
    let server = Server::start().await;
    let (client, mut updates) = server.client(MemoryStore::default()).await;
    let (mut line, _) = server.welcome(3).await;
    let client_id = client.say(ROOM, "hello").await.unwrap();
    assert_eq!(line.hear().await["client_id"], json!(client_id));

    drop(line);
    let (mut line, _) = server.welcome(3).await;
    let again = line.hear().await;
    assert_eq!(again["client_id"], json!(client_id));
    line.answer_send(&again, 4).await;

    assert!(matches!(updates.next().await, Some(Update::StartOver(_))));
    let Some(Update::Sent(sent)) = updates.next().await else {
        panic!("it was not sent");
    };
    assert_eq!(
        (sent.message.seq, sent.message.client_id),
        (4, Some(client_id))
    );
}

#[tokio::test]
async fn what_was_said_without_a_network_survives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("device.json");
    let nowhere = Server::start().await;
    let (client, _updates) = nowhere.client(FileStore::new(&path)).await;
    let client_id = client.say(ROOM, "later").await.unwrap();
    // Nothing of the device is left but its file.
    client.stop().await;
    drop(nowhere);

    let server = Server::start().await;
    let servers = [server.api.clone()];
    let (client, mut updates) = Client::restore(&servers, FileStore::new(&path))
        .await
        .unwrap();
    let (mut line, _) = server.welcome(0).await;
    let send = line.hear().await;

    assert_eq!(
        (&send["client_id"], &send["text"]),
        (&json!(client_id), &json!("later"))
    );
    line.answer_send(&send, 1).await;
    while !matches!(updates.next().await, Some(Update::Sent(_))) {}
    client.stop().await;
    let stored = FileStore::new(&path).load().await.unwrap();
    assert_eq!(stored.device.unsent, []);
}

#[tokio::test]
async fn a_device_goes_on_where_it_was_after_its_process_died() {
    let store = MemoryStore::default();
    let server = Server::start().await;
    let (client, mut updates) = server.client(store.clone()).await;
    let (mut line, hello) = server.welcome(3).await;
    assert_eq!(hello.get("resume"), None);
    line.event(4).await;
    assert_eq!(next_seq(&mut updates).await, 4);
    client.stop().await;
    drop(line);

    let servers = [server.api.clone()];
    let (_client, mut updates) = Client::restore(&servers, store).await.unwrap();
    let (mut line, hello) = server.welcome(5).await;

    let cursors = json!({ "epoch": 1, "useq": 0, "rooms": { ROOM.to_string(): 4 } });
    assert_eq!(hello["resume"], cursors);
    // The head in `ready` is above the cursor, and nothing of it was told: it is fetched.
    let fetch = line.hear().await;
    assert_eq!((&fetch["t"], &fetch["after"]), (&json!("fetch"), &json!(4)));
    let event = json!({ "room_id": ROOM, "seq": 5, "type": "room.updated", "at": "2026-01-01T00:00:00.000Z", "d": {} });
    let stretch = json!({ "events": [event], "from_seq": 5, "last_seq": 5 });
    line.say(json!({ "t": "ok", "ref": fetch["ref"], "d": stretch }))
        .await;
    line.event(5).await;
    line.event(6).await;

    assert_eq!(next_seq(&mut updates).await, 5);
    assert_eq!(next_seq(&mut updates).await, 6);
}

#[tokio::test]
async fn a_session_that_was_ended_ends_the_device() {
    let server = Server::start().await;
    let (client, mut updates) = server.client(MemoryStore::default()).await;
    let (line, _) = server.welcome(0).await;

    line.close(4502).await;

    let End::Closed(closed) = client.ended().await else {
        panic!("{:?}", client.ended().await);
    };
    assert_eq!(closed.code, Some(4502));
    assert!(matches!(updates.next().await, Some(Update::StartOver(_))));
    assert_eq!(updates.next().await, None);
    assert_eq!(client.say(ROOM, "too late").await, Err(HasEnded));
}

#[tokio::test]
async fn without_a_refresh_token_an_expired_one_ends_the_device() {
    let server = Server::start().await;
    let (client, _updates) = server.client(MemoryStore::default()).await;
    let (line, _) = server.welcome(0).await;

    line.close(4002).await;

    assert_eq!(client.ended().await, End::LoggedOut);
}

#[tokio::test]
async fn who_does_not_read_is_read_to_later_and_may_still_talk() {
    let server = Server::start().await;
    let (client, mut updates) = server.client(MemoryStore::default()).await;
    let (mut line, _) = server.welcome(0).await;
    let count = 3 * UNREAD as u64;
    for seq in 1..=count {
        line.event(seq).await;
    }

    client.say(ROOM, "I am here").await.unwrap();

    assert_eq!(line.hear().await["text"], json!("I am here"));
    for seq in 1..=count {
        assert_eq!(next_seq(&mut updates).await, seq);
    }
}

/// Fails from the second save on.
struct FullDisk(usize);

impl Store for FullDisk {
    async fn load(&mut self) -> io::Result<Stored> {
        Ok(Stored::default())
    }

    async fn save(&mut self, _: &Stored, _: &[Update]) -> io::Result<()> {
        self.0 += 1;
        if self.0 > 1 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

#[tokio::test]
async fn what_cannot_be_stored_is_not_said() {
    let server = Server::start().await;
    let (client, mut updates) = server.client(FullDisk(0)).await;

    let said = client.say(ROOM, "hello").await;

    assert_eq!(said, Err(HasEnded));
    assert!(matches!(client.ended().await, End::Storage(_)));
    assert_eq!(updates.next().await, None);
}

#[tokio::test]
async fn what_somebody_else_left_in_the_store_is_dropped() {
    let store = MemoryStore::default();
    let server = Server::start().await;
    let (client, _updates) = server.client(store.clone()).await;
    client.say(ROOM, "mine").await.unwrap();
    client.stop().await;
    let mut other = session();
    other.user.user.id = Uuid::from_u128(2);

    let servers = [server.api.clone()];
    let (client, _updates) = Client::sign_in(&servers, &other, store.clone())
        .await
        .unwrap();

    client.stop().await;
    assert_eq!(store.stored().device.unsent, []);
}

#[tokio::test]
async fn nobody_logged_in_is_an_error() {
    let server = Server::start().await;

    let started = Client::restore(&[server.api], MemoryStore::default()).await;

    assert!(matches!(started, Err(StartError::NobodyLoggedIn)));
}
