//! The server as a client on the wire meets it.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use super::*;
use crate::testing::Bed;

const PATIENCE: Duration = Duration::from_secs(5);

/// A server on a port of its own.
async fn served() -> (Bed, SocketAddr) {
    let bed = Bed::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    start(&bed.state, listener);
    (bed, address)
}

/// Says something, and reads until the server ends the connection.
async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may refuse before it has read everything.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    let ended = timeout(PATIENCE, reading).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(ended.is_ok(), "the connection stayed open after: {answer}");
    answer
}

#[tokio::test]
async fn heads_out_of_bounds_are_refused() {
    let (_bed, address) = served().await;
    let lines = "x: y\r\n".repeat(200);
    let long = |size: usize| "a".repeat(size);
    let cases = [
        (format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", long(64 * 1024)), "431"),
        (format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", long(1 << 20)), "431"),
        (format!("GET / HTTP/1.1\r\n{lines}\r\n"), "431"),
        (format!("GET /?{} HTTP/1.1\r\nconnection: close\r\n\r\n", long(16 * 1024)), "414"),
        (format!("GET /?{} HTTP/1.1\r\n\r\n", long(100 * 1024)), "4"),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), "400"),
        (
            "POST /api/v1/auth/login HTTP/1.1\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
            "400",
        ),
        (
            "POST /api/v1/auth/login HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n".to_owned(),
            "400",
        ),
    ];
    for (request, status) in cases {
        let answer = exchange(address, &request).await;

        let shown: String = request.chars().take(50).collect();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{shown}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_not_read_ends_the_connection_with_notice() {
    let (_bed, address) = served().await;
    let head = "POST /api/v1/auth/logout HTTP/1.1\r\ncontent-type: application/json\r\n";
    let cases = [
        format!("{head}content-length: 1000000\r\n\r\n{{"),
        format!("{head}transfer-encoding: chunked\r\n\r\n1\r\n{{\r\n"),
    ];
    for request in cases {
        let answer = exchange(address, &request).await;

        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
    }
}

#[tokio::test]
async fn an_early_refusal_reaches_a_client_that_is_still_sending() {
    let (_bed, address) = served().await;
    let body = " ".repeat(4 << 20);
    let request = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );

    let answer = exchange(address, &request).await;

    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("too_large"));
}

#[tokio::test]
async fn chunks_without_end_are_cut() {
    let (_bed, address) = served().await;
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(4096));
    let request = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{}",
        chunk.repeat(64)
    );

    let answer = exchange(address, &request).await;

    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn a_leaving_node_finishes_what_it_began_and_takes_nothing_new() {
    let (bed, address) = served().await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut start = [0; 12];
    idle.read_exact(&mut start).await.unwrap();

    bed.state.draining.signal();
    bed.state.connections.close();

    assert_eq!(&start, b"HTTP/1.1 200");
    timeout(PATIENCE, bed.state.connections.wait())
        .await
        .unwrap();
    let closed = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, closed)
        .await
        .expect("the listener is closed");
}

#[tokio::test]
async fn a_leaving_node_still_answers_whom_a_balancer_sends() {
    let (bed, address) = served().await;
    // It has many seconds, and so its listener too.
    bed.state.drain_within(Duration::from_mins(1));
    let get = |path: &str, head: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\n{head}\r\n");
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";

    let alive = exchange(address, &get("/healthz", "")).await;
    let ready = exchange(address, &get("/readyz", "")).await;
    let socket = exchange(address, &get("/api/v1/ws", upgrade)).await;

    assert!(alive.starts_with("HTTP/1.1 200"), "{alive}");
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    assert!(socket.starts_with("HTTP/1.1 503"), "{socket}");
    for answer in [alive, ready, socket] {
        assert!(answer.contains("connection: close"), "{answer}");
    }
}
