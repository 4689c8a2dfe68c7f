//! Whether the node answers, asked from outside as a client would.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::place::reachable;

const LIMIT: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(20);

/// Waits until `/readyz` answers 200.
pub(super) async fn wait(address: SocketAddr) -> anyhow::Result<()> {
    let deadline = Instant::now() + LIMIT;
    loop {
        let answer = tokio::time::timeout(Duration::from_secs(5), ask(reachable(address))).await;
        match answer {
            Ok(Ok(status)) if status.starts_with("HTTP/1.1 200") => return Ok(()),
            _ if Instant::now() > deadline => {
                anyhow::bail!(
                    "/readyz does not answer 200 within {} s: {answer:?}",
                    LIMIT.as_secs()
                );
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
