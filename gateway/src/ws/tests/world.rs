//! A gateway on a port, a scripted chat behind it, and clients in front.

mod chat;
mod presence;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures::{SinkExt as _, StreamExt as _};
use kith_api::accounts::v1::GetPublicKeysResponse;
use kith_auth::{CallerSigner, Claims, ClusterKey};
use kith_client::{Upstream, pipe};
use kith_clock::Clock;
use kith_ids::{SessionId, UserId};
use kith_runtime::{Shutdown, Tasks, serve_grpc};
use prost::Message as _;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest as _, http::HeaderValue},
};
use tonic::service::Routes;

pub(super) use self::{
    chat::{Chat, Mode},
    presence::{Presence, choice},
};
use crate::{
    Config, Deps, Running,
    testing::{grpc, key, limits, sign},
};

/// Longer than anything here takes, but for what waits for its own time.
const PATIENCE: Duration = Duration::from_secs(20);

/// A person with one session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    pub(super) user_id: UserId,
    pub(super) session_id: SessionId,
}

/// The gateway and its chat.
pub(super) struct World {
    pub(super) running: Running,
    pub(super) chat: Arc<Chat>,
    pub(super) presence: Presence,
    clock: Clock,
}

/// A device.
pub(super) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl World {
    /// Without limits.
    pub(super) async fn new() -> Self {
        Self::with(&limits(false, 1)).await
    }

    /// With these limits.
    pub(super) async fn with(limits: &kith_config::Limits) -> Self {
        let clock = Clock::system();
        let signer = CallerSigner::new(ClusterKey::new([42; 32]), clock.clone());
        let tasks = Tasks::new(Shutdown::new());
        let chat = Arc::new(Chat::new(signer.clone(), tasks.clone()));
        let presence = Presence::new(signer.clone(), tasks.clone());
        let (channel, incoming) = pipe();
        let services = chat
            .clone()
            .router()
            .merge(presence.routes().into_axum_router().reset_fallback());
        let routes = Routes::from(services.route(
            "/kith.accounts.v1.AccountsService/GetPublicKeys",
            axum::routing::post(|| async {
                grpc(&GetPublicKeysResponse { keys: vec![key()] }.encode_to_vec())
            }),
        ));
        let shutdown = tasks.shutdown().clone();
        tasks.spawn("services", async move {
            serve_grpc(routes, incoming, shutdown).await.unwrap();
        });
        let upstream = Upstream::new(channel, signer, Duration::from_secs(5));
        let deps = Deps {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            accounts: upstream.clone(),
            friends: upstream.clone(),
            chat: upstream.clone(),
            presence: upstream,
            clock: clock.clone(),
            tasks,
            limits: limits.clone(),
            demo_logins: "no-demo-here.json".into(),
        };
        let running = crate::start(Config::for_test(), deps).await.unwrap();
        Self {
            running,
            chat,
            presence,
            clock,
        }
    }

    /// Somebody new.
    pub(super) fn person(&self) -> Person {
        Person {
            user_id: self.clock.new_id().into(),
            session_id: self.clock.new_id().into(),
        }
    }

    /// A token of theirs.
    pub(super) fn token(&self, person: Person, expires_in: i64) -> String {
        let now = self.clock.now().timestamp();
        sign(&Claims {
            iss: kith_auth::ISSUER.to_owned(),
            aud: kith_auth::AUDIENCE.to_owned(),
            sub: person.user_id,
            sid: person.session_id,
            typ: Claims::ACCESS.to_owned(),
            iat: now.min(now + expires_in),
            exp: now + expires_in,
            nbf: None,
        })
    }

    /// A connection without a `hello`.
    pub(super) async fn connect(&self) -> Client {
        self.connect_with(&[]).await.unwrap()
    }

    /// The same, with these headers.
    pub(super) async fn connect_with(
        &self,
        headers: &[(&'static str, &str)],
    ) -> Result<Client, tungstenite::Error> {
        let address: SocketAddr = self.running.local_addr();
        let mut request = format!("ws://{address}/api/v1/ws").into_client_request()?;
        for (name, value) in headers {
            request
                .headers_mut()
                .insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let (socket, _) = connect_async(request).await?;
        Ok(Client { socket })
    }

    /// A device that has said `hello` and heard `ready`.
    pub(super) async fn open(&self, person: Person) -> Client {
        let mut client = self.connect().await;
        client.hello(&self.token(person, 900)).await;
        client.expect("ready").await;
        client
    }

    /// The same, of which the machine holds little that it has not read.
    pub(super) async fn open_narrow(&self, person: Person) -> Client {
        let address = self.running.local_addr();
        let request = format!("ws://{address}/api/v1/ws");
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        let stream = MaybeTlsStream::Plain(socket.connect(address).await.unwrap());
        let (socket, _) = client_async(request, stream).await.unwrap();
        let mut client = Client { socket };
        client.hello(&self.token(person, 900)).await;
        client.expect("ready").await;
        client
    }

    /// A device that resumes; what it hears first is `ready`.
    pub(super) async fn resume(&self, person: Person, resume: Value) -> Client {
        let mut client = self.connect().await;
        let token = self.token(person, 900);
        client
            .say(&json!({"t": "hello", "token": token, "resume": resume}))
            .await;
        client.expect("ready").await;
        client
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.running.state.tasks.shutdown().signal();
    }
}

impl Client {
    pub(super) async fn hello(&mut self, token: &str) {
        self.say(&json!({"t": "hello", "token": token})).await;
    }

    pub(super) async fn say(&mut self, frame: &Value) {
        self.say_text(&frame.to_string()).await;
    }

    pub(super) async fn say_text(&mut self, text: &str) {
        self.say_message(Message::text(text)).await;
    }

    pub(super) async fn say_message(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    pub(super) async fn send(&mut self, reference: &str, room_id: &str, text: &str) {
        self.say(&json!({"t": "send", "ref": reference, "room_id": room_id,
            "client_id": reference, "text": text}))
            .await;
    }

    /// The next frame.
    pub(super) async fn hear(&mut self) -> Value {
        match self.next().await {
            Ok(frame) => frame,
            Err(code) => panic!("closed with {code}"),
        }
    }

    /// The next frame, which is of this kind.
    pub(super) async fn expect(&mut self, t: &str) -> Value {
        let frame = self.hear().await;
        assert_eq!(frame["t"], t, "{frame}");
        frame
    }

    /// The next frame of this kind; others are skipped.
    pub(super) async fn until(&mut self, t: &str) -> Value {
        loop {
            let frame = self.hear().await;
            if frame["t"] == t {
                return frame;
            }
        }
    }

    /// The codes of the `err` frames that come, and the code of the close.
    pub(super) async fn end(&mut self) -> (Vec<String>, u16) {
        let mut errors = Vec::new();
        loop {
            match self.next().await {
                Ok(frame) if frame["t"] == "err" => {
                    errors.push(frame["code"].as_str().unwrap().to_owned());
                }
                Ok(_) => {}
                Err(code) => return (errors, code),
            }
        }
    }

    async fn next(&mut self) -> Result<Value, u16> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next())
                .await
                .expect("something comes");
            match message {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(Some(close)))) => return Err(close.code.into()),
                Some(Ok(Message::Close(None))) | None => return Err(1005),
                Some(Ok(_)) => {}
                Some(Err(error)) => panic!("{error}"),
            }
        }
    }
}

/// The seqs of `event` frames.
pub(super) fn seqs(frames: &[Value]) -> Vec<u64> {
    frames
        .iter()
        .map(|frame| frame["seq"].as_u64().unwrap())
        .collect()
}
