//! The connection against a scripted server: answers find their requests, the rest keeps its order, the end is told.

use futures::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::server::{ErrorResponse, Request, Response},
        protocol::CloseFrame,
    },
};
use uuid::Uuid;

use super::*;

type Server = WebSocketStream<TcpStream>;

/// Starts a server that runs `script` on its one connection, and gives its address.
#[expect(
    clippy::disallowed_methods,
    reason = "the script ends with its connection"
)]
async fn scripted<F: Future<Output = ()> + Send>(
    script: impl FnOnce(Server) -> F + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        #[expect(clippy::result_large_err, reason = "the library's signature")]
        let echo = |_: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
            let protocol = HeaderValue::from_static("kith.v1");
            response
                .headers_mut()
                .insert("sec-websocket-protocol", protocol);
            Ok(response)
        };
        script(
            tokio_tungstenite::accept_hdr_async(stream, echo)
                .await
                .unwrap(),
        )
        .await;
    });
    format!("ws://{address}/")
}

async fn hear(server: &mut Server) -> Value {
    serde_json::from_str(server.next().await.unwrap().unwrap().to_text().unwrap()).unwrap()
}

async fn say(server: &mut Server, frame: Value) {
    server.send(Message::text(frame.to_string())).await.unwrap();
}

async fn welcome(server: &mut Server) {
    assert_eq!(hear(server).await, json!({ "t": "hello", "token": "t" }));
    let ready = json!({
        "t": "ready", "session_id": Uuid::nil(), "user_id": Uuid::nil(), "epoch": 1, "useq": 0, "heartbeat_ms": 25000,
        "server_time": "2026-01-01T00:00:00.000Z", "rooms": {}, "limits": {}
    });
    say(server, ready).await;
}

#[tokio::test]
async fn answers_find_their_requests_in_any_order() {
    let url = scripted(async |mut server| {
        welcome(&mut server).await;
        let (first, second) = (hear(&mut server).await, hear(&mut server).await);
        say(&mut server, json!({ "t": "ok", "ref": second["ref"], "d": { "n": second["n"] } })).await;
        say(&mut server, json!({ "t": "heads", "useq": 5, "rooms": {} })).await;
        let refused = json!({ "t": "err", "ref": first["ref"], "code": "not_found", "message": "", "retryable": false });
        say(&mut server, refused).await;
        server.next().await;
    })
    .await;
    let mut connection = Connection::with_token(&url, "t").await.unwrap();

    let (first, second) = tokio::join!(
        connection.link.ask(json!({ "t": "x", "n": 1 })),
        connection.link.ask(json!({ "t": "x", "n": 2 }))
    );

    assert_eq!(first.unwrap_err().code(), Some("not_found"));
    assert_eq!(second.unwrap(), json!({ "n": 2 }));
    assert!(
        matches!(connection.frames.next().await, Some(ServerFrame::Heads(heads)) if heads.useq == 5)
    );
}

#[tokio::test]
async fn unknown_frames_are_skipped_by_their_reader() {
    let url = scripted(async |mut server| {
        welcome(&mut server).await;
        say(&mut server, json!({ "t": "from_the_future", "x": [1] })).await;
        server.next().await;
    })
    .await;

    let mut connection = Connection::with_token(&url, "t").await.unwrap();

    assert_eq!(connection.frames.next().await, Some(ServerFrame::Unknown));
}

#[tokio::test]
async fn the_close_code_is_told_and_ends_what_is_under_way() {
    let url = scripted(async |mut server| {
        welcome(&mut server).await;
        hear(&mut server).await;
        let frame = CloseFrame {
            code: 4502.into(),
            reason: "revoked".into(),
        };
        server.close(Some(frame)).await.unwrap();
        server.next().await;
    })
    .await;
    let mut connection = Connection::with_token(&url, "t").await.unwrap();

    let answer = connection.link.ask(json!({ "t": "ping" })).await;

    let end = Closed {
        code: Some(4502),
        reason: "revoked".to_owned(),
    };
    assert!(matches!(answer, Err(SocketError::Closed(Some(closed))) if closed == end));
    assert_eq!(connection.frames.next().await, None);
    assert_eq!(connection.frames.closed().await, end);
}

#[tokio::test]
async fn a_refused_hello_tells_its_code() {
    let url = scripted(async |mut server| {
        hear(&mut server).await;
        say(
            &mut server,
            json!({ "t": "err", "code": "auth_failed", "message": "", "retryable": false }),
        )
        .await;
        let frame = CloseFrame {
            code: 4501.into(),
            reason: "".into(),
        };
        server.close(Some(frame)).await.unwrap();
        server.next().await;
    })
    .await;

    let error = Connection::with_token(&url, "t").await.unwrap_err();

    assert!(matches!(
        error,
        ConnectError::Refused { refused, closed } if refused.code == "auth_failed" && closed.code == Some(4501)
    ));
}
