//! One WebSocket of the driver. The handshake is made the simple way, blocking; afterwards nothing blocks.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream as Blocking,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use mio::net::TcpStream;

use super::{
    Visitor,
    frames::{self, Frame, TEXT},
};

/// A server that is busy with the others' handshakes answers late.
const PATIENCE: Duration = Duration::from_mins(1);
/// Longer than any answer to a handshake.
const MAX_HANDSHAKE: usize = 16 * 1024;

/// An open socket.
pub(crate) struct Wire {
    pub(super) stream: TcpStream,
    /// The beginning of a frame whose rest has not come yet.
    partial: Vec<u8>,
    unsent: Vec<u8>,
}

/// What a read gave.
pub(super) struct Read {
    /// So much of the buffer is to be heard.
    pub(super) filled: usize,
    /// The kernel has no more.
    pub(super) is_all: bool,
}

impl Wire {
    /// Connects, says `hello` and waits for `ready`.
    pub(super) fn connect(visitor: &Visitor) -> anyhow::Result<Self> {
        let mut stream = Blocking::connect(&visitor.address).context("connecting")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let request = format!(
            "GET /api/v1/ws HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
            visitor.address
        );
        stream.write_all(request.as_bytes())?;
        let mut partial = Vec::new();
        upgrade(&mut stream, &mut partial)?;
        let mut hello = Vec::new();
        let token = &visitor.token;
        frames::write(
            &mut hello,
            TEXT,
            format!(r#"{{"t":"hello","token":"{token}"}}"#).as_bytes(),
        )?;
        stream.write_all(&hello)?;
        ready(&mut stream, &mut partial)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream: TcpStream::from_std(stream),
            partial,
            unsent: Vec::new(),
        })
    }

    /// Says a frame that [`frames::write`] made. It leaves with the next flush.
    pub(crate) fn say(&mut self, frame: &[u8]) {
        self.unsent.extend_from_slice(frame);
    }

    /// Answers a ping.
    pub(crate) fn pong(&mut self) {
        self.unsent.extend_from_slice(&frames::EMPTY_PONG);
    }

    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("writing to a socket"),
            }
        }
        Ok(())
    }

    /// Reads behind what was kept.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> anyhow::Result<Read> {
        let kept = self.partial.len();
        buffer[..kept].copy_from_slice(&self.partial);
        loop {
            match self.stream.read(&mut buffer[kept..]) {
                Ok(0) => anyhow::bail!("the server ended a socket"),
                Ok(count) => {
                    let filled = kept + count;
                    let is_all = filled < buffer.len();
                    return Ok(Read { filled, is_all });
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Ok(Read {
                        filled: kept,
                        is_all: true,
                    });
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("reading a socket"),
            }
        }
    }

    pub(super) fn keep(&mut self, rest: &[u8]) {
        self.partial.clear();
        self.partial.extend_from_slice(rest);
    }
}

fn upgrade(stream: &mut Blocking, received: &mut Vec<u8>) -> anyhow::Result<()> {
    let end = b"\r\n\r\n";
    loop {
        more(stream, received)?;
        if let Some(at) = memchr::memmem::find(received, end) {
            ensure!(
                received.starts_with(b"HTTP/1.1 101"),
                "no upgrade: {}",
                String::from_utf8_lossy(&received[..at])
            );
            received.drain(..at + end.len());
            return Ok(());
        }
        ensure!(received.len() < MAX_HANDSHAKE, "an endless handshake");
    }
}

fn ready(stream: &mut Blocking, received: &mut Vec<u8>) -> anyhow::Result<()> {
    loop {
        if let Some((frame, rest)) = frames::split(received) {
            let is_ready =
                matches!(frame, Frame::Text(text) if text.starts_with(br#"{"t":"ready""#));
            ensure!(is_ready, "not ready: {frame:?}");
            let rest = rest.to_vec();
            *received = rest;
            return Ok(());
        }
        more(stream, received)?;
    }
}

fn more(stream: &mut Blocking, received: &mut Vec<u8>) -> anyhow::Result<()> {
    let mut part = [0; 4096];
    let count = stream.read(&mut part).context("waiting for an answer")?;
    ensure!(count > 0, "the server ended a handshake");
    received.extend_from_slice(&part[..count]);
    Ok(())
}
