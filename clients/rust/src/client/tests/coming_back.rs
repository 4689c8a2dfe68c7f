//! What a device does when it is not let in: it waits as long as it was told, and gets another token for one that does not hold.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::Instant,
};

use super::*;

impl Server {
    /// Answers the next connection, which is a plain call, and gives what was asked.
    async fn answer(&self, status: &str, head: &str, body: &Value) -> String {
        let (mut stream, _) = self.listener.accept().await.unwrap();
        let request = read_request(&mut stream).await;
        let body = body.to_string();
        let answer = format!(
            "HTTP/1.1 {status}\r\n{head}content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        request
    }

    /// A device that can refresh its token, and its first connection.
    async fn lasting(&self) -> (Client, Updates, Line) {
        let servers = [self.api.clone()];
        let (client, updates) =
            Client::sign_in(&servers, &of_token("t", "first"), MemoryStore::default())
                .await
                .unwrap();
        let (line, hello) = self.welcome(0).await;
        assert_eq!(hello["token"], json!("t"));
        (client, updates, line)
    }
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .to_ascii_lowercase()
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0);
    }
}

fn of_token(access: &str, refresh: &str) -> Session {
    Session {
        access_token: access.to_owned(),
        refresh_token: Some(refresh.to_owned()),
        ..session()
    }
}

fn fresh() -> Value {
    let mut fresh = json!({
        "session_id": Uuid::nil(), "access_token": "t2", "token_type": "Bearer", "expires_in": 900, "refresh_token": "second"
    });
    fresh["user"] = json!({
        "id": ME, "username": "me", "display_name": "Me", "avatar_url": null, "friends_count": 0,
        "mutual_friends_count": 0, "relation": "self", "locale": null, "created_at": "2026-01-01T00:00:00.000Z"
    });
    fresh
}

fn problem(status: u16, code: &str) -> Value {
    json!({ "type": "about:blank", "title": code, "status": status, "code": code, "retryable": status == 503 })
}

#[tokio::test]
async fn a_device_that_is_told_when_to_come_again_comes_no_sooner() {
    let server = Server::start().await;
    let (client, _updates) = server.client(MemoryStore::default()).await;

    let busy = problem(503, "unavailable");
    server
        .answer("503 Service Unavailable", "Retry-After: 1\r\n", &busy)
        .await;
    let refused_at = Instant::now();
    let (_line, _) = server.welcome(0).await;

    // Without being told it would be less than half of that.
    assert!(refused_at.elapsed() >= Duration::from_secs(1));
    client.live().await.unwrap();
}

#[tokio::test]
async fn for_a_token_that_does_not_hold_another_one_is_asked_for_once() {
    let server = Server::start().await;
    let (client, _updates, line) = server.lasting().await;

    line.close(4501).await;
    let asked = server.answer("200 OK", "", &fresh()).await;
    let (_line, hello) = server.welcome(0).await;

    assert!(asked.starts_with("POST /api/v1/auth/refresh "), "{asked}");
    assert!(asked.contains(r#""refresh_token":"first""#), "{asked}");
    assert_eq!(hello["token"], json!("t2"));
    client.live().await.unwrap();
}

#[tokio::test]
async fn a_device_ends_when_it_gets_no_other_token() {
    let server = Server::start().await;
    let (client, _updates, line) = server.lasting().await;

    line.close(4501).await;
    let refused = problem(401, "unauthenticated");
    server.answer("401 Unauthorized", "", &refused).await;

    assert_eq!(client.ended().await, End::LoggedOut);
}

#[tokio::test]
async fn a_refresh_that_is_not_answered_does_not_end_the_device() {
    let server = Server::start().await;
    let (client, _updates, line) = server.lasting().await;

    line.close(4501).await;
    let busy = problem(503, "unavailable");
    let first = server.answer("503 Service Unavailable", "", &busy).await;
    let again = server.answer("200 OK", "", &fresh()).await;
    let (_line, hello) = server.welcome(0).await;

    let attempt = |asked: &str| {
        let body = asked.split_once("\r\n\r\n").unwrap().1;
        serde_json::from_str::<Value>(body).unwrap()["attempt_id"].clone()
    };
    assert_eq!(attempt(&first), attempt(&again), "the same attempt");
    assert_eq!(hello["token"], json!("t2"));
    client.live().await.unwrap();
}

#[tokio::test]
async fn without_a_refresh_token_one_that_does_not_hold_ends_the_device() {
    let server = Server::start().await;
    let (client, _updates) = server.client(MemoryStore::default()).await;
    let (line, _) = server.welcome(0).await;

    line.close(4501).await;

    let End::Closed(closed) = client.ended().await else {
        panic!("{:?}", client.ended().await);
    };
    assert_eq!(closed.code, Some(4501));
}
