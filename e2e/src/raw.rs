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

/// Asks for a WebSocket by hand; answers the connection and the head of the reply.
pub async fn upgrade(address: &str, more_headers: &str) -> (TcpStream, Reply) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /api/v1/ws HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more_headers}\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let reply = read_reply(&mut stream, Duration::from_secs(5)).await;
    (stream, reply)
}

/// One WebSocket frame of a client, masked with zeros, under any first byte.
pub fn frame(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first_byte];
    match u16::try_from(payload.len()) {
        Ok(short @ 0..=125) => bytes.push(0x80 | u8::try_from(short).unwrap()),
        Ok(length) => {
            bytes.push(0x80 | 0x7e);
            bytes.extend(length.to_be_bytes());
        }
        Err(_) => {
            bytes.push(0x80 | 0x7f);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// Reads frames until the server's close frame, and gives its code; `None` when the connection ended without one.
pub async fn read_close(stream: &mut TcpStream) -> Option<u16> {
    loop {
        let head = [stream.read_u8().await.ok()?, stream.read_u8().await.ok()?];
        let length = match head[1] & 0x7f {
            126 => u64::from(stream.read_u16().await.ok()?),
            127 => stream.read_u64().await.ok()?,
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(length).ok()?];
        stream.read_exact(&mut payload).await.ok()?;
        if head[0] & 0x0f == 8 {
            return Some(u16::from_be_bytes([*payload.first()?, *payload.get(1)?]));
        }
    }
}
