//! HTTP as bytes, for requests that no honest client library would make.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// What came back, if anything did before the connection ended or the time was up.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status; `None` when the connection was closed without an answer.
    pub status: Option<u16>,
    /// Head and body as text.
    pub text: String,
    /// Whether the server closed the connection.
    pub closed: bool,
}

/// Sends bytes as they are, and reads until the server closes or an answer is complete.
pub async fn exchange(address: &str, bytes: &[u8], patience: Duration) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server may answer and close before everything is written: that answer is what counts.
    let _ = stream.write_all(bytes).await;
    read_reply(&mut stream, patience).await
}

/// Reads one answer.
pub async fn read_reply(stream: &mut TcpStream, patience: Duration) -> Reply {
    let mut bytes = Vec::new();
    let mut closed = false;
    let reading = async {
        let mut buffer = [0; 8192];
        while !is_complete(&bytes) {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => {
                    closed = true;
                    break;
                }
                Ok(n) => bytes.extend_from_slice(&buffer[..n]),
            }
        }
    };
    let _ = tokio::time::timeout(patience, reading).await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = text
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Reply {
        status,
        text,
        closed,
    }
}

/// Whether the head is there and, where it names a length, the body.
fn is_complete(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length
        .and_then(|length| length.trim().parse().ok())
        .unwrap_or(0);
    body.len() >= length
}
