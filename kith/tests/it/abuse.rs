//! The internal port under abuse: what is too large, opened and given up, or opened and left standing costs its sender, and nobody else.

use futures::{StreamExt as _, stream::FuturesUnordered};
use h2::client::{SendRequest, handshake};
use hyper::body::Bytes;
use kith_api::chat::v1::SendMessageRequest;
use kith_api::chat::v1::chat_service_client::ChatServiceClient;
use rustix::process::Signal;
use tokio::net::TcpStream;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::running::Kith;
use crate::service_keys::{channel, key, with_key};

/// Streams of one abuse.
const STREAMS: usize = 10_000;
/// Calls that one connection has in work.
const CALLS: usize = 1_024;

async fn knock(node: &Kith) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(node.internal_address()).await.unwrap();
    let (requests, connection) = handshake(stream).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test has no task group")]
    tokio::spawn(async move {
        // Ends with the connection; what the server says to that is seen at the requests.
        let _ = connection.await;
    });
    requests
}

fn call(node: &Kith, key: &str) -> hyper::Request<()> {
    let uri = format!(
        "http://{}/kith.chat.v1.ChatService/SendMessage",
        node.internal_address()
    );
    hyper::Request::post(uri)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("authorization", format!("Bearer {key}"))
        .body(())
        .unwrap()
}

async fn assert_healthy(node: &Kith) {
    let mut health = HealthClient::new(channel(node).await);
    let request = HealthCheckRequest::default();
    health.check(request).await.unwrap();
}

#[tokio::test]
async fn a_message_of_more_than_4_mib_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let node = Kith::start(&home.path().join("data"));
    let key = key(&node, &["--name", "trainer", "--scope", "chat"]);
    let mut chat = ChatServiceClient::new(channel(&node).await);
    let message = |bytes: usize| SendMessageRequest {
        text: "x".repeat(bytes),
        ..SendMessageRequest::default()
    };

    let large = chat.send_message(with_key(&key, message(4 << 20))).await;
    let small = chat.send_message(with_key(&key, message(4 << 10))).await;

    assert_eq!(large.unwrap_err().code(), Code::OutOfRange);
    assert_ne!(small.unwrap_err().code(), Code::OutOfRange);
    assert_healthy(&node).await;
}

#[tokio::test]
async fn streams_that_are_opened_and_given_up_cost_only_their_connection() {
    let home = tempfile::tempdir().unwrap();
    let mut node = Kith::start(&home.path().join("data"));
    let key = key(&node, &["--name", "trainer", "--scope", "chat"]);
    let mut requests = knock(&node).await;

    let mut opened = 0;
    while opened < STREAMS {
        let Ok(ready) = requests.ready().await else {
            break;
        };
        requests = ready;
        let Ok((_, mut body)) = requests.send_request(call(&node, &key), false) else {
            break;
        };
        body.send_reset(h2::Reason::CANCEL);
        opened += 1;
    }

    assert_healthy(&node).await;
    let mut again = knock(&node).await.ready().await.unwrap();
    let (answer, _) = again
        .send_request(call(&node, "kith_sk_none"), true)
        .unwrap();
    assert_eq!(
        answer.await.unwrap().status(),
        200,
        "with the refusal in its trailers"
    );
    node.signal(Signal::TERM);
    assert!(node.ended().success(), "{}", node.log());
}

#[tokio::test]
async fn streams_that_are_opened_and_left_standing_are_bounded_and_others_pass() {
    let home = tempfile::tempdir().unwrap();
    let node = Kith::start(&home.path().join("data"));
    let key = key(&node, &["--name", "trainer", "--scope", "chat"]);
    let mut requests = knock(&node).await;

    let (mut answers, mut bodies) = (FuturesUnordered::new(), Vec::new());
    for _ in 0..STREAMS {
        requests = requests.ready().await.unwrap();
        let (answer, body) = requests.send_request(call(&node, &key), false).unwrap();
        answers.push(answer);
        bodies.push(body);
    }
    let mut codes = Vec::new();
    while codes.len() < STREAMS - CALLS {
        let answer = answers.next().await.unwrap().unwrap();
        codes.push(answer.headers()["grpc-status"].to_str().unwrap().to_owned());
    }

    let refused =
        [Code::Unavailable, Code::ResourceExhausted].map(|code| (code as i32).to_string());
    assert!(
        codes.iter().all(|code| refused.contains(code)),
        "{:?}",
        &codes[..9]
    );
    assert_healthy(&node).await;
    let mut chat = ChatServiceClient::new(channel(&node).await);
    let other = chat
        .send_message(with_key(&key, SendMessageRequest::default()))
        .await;
    assert_eq!(other.unwrap_err().code(), Code::InvalidArgument);
}
