//! A client's connection as the server reads and ends it. Two things that hyper leaves open are closed here: a first head
//! whose length is said in two ways, and the reset that a client gets when we close before it has said everything.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};

/// How long we read on after our last byte, so that the client can read it before its own unread bytes reset the connection.
const LINGER: Duration = Duration::from_secs(2);
/// Bytes thrown away at once while lingering.
const LINGER_BYTES: usize = 4 * 1024;

/// Whether the first head of a connection says its body's length in two ways (request smuggling).
#[derive(Debug, Clone, Default)]
pub(super) struct Ambiguous(Arc<AtomicBool>);

/// A connection.
pub(super) struct Stream {
    tcp: TcpStream,
    /// The first head as far as it has come; none once it was judged.
    head: Option<Vec<u8>>,
    most: usize,
    ambiguous: Ambiguous,
    lingering: Option<Pin<Box<Sleep>>>,
}

impl Ambiguous {
    pub(super) fn is_true(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Stream {
    /// Judges a first head of at most `most` bytes; hyper refuses longer ones.
    pub(super) fn new(tcp: TcpStream, most: usize) -> Self {
        Self {
            tcp,
            head: Some(Vec::new()),
            most,
            ambiguous: Ambiguous::default(),
            lingering: None,
        }
    }

    pub(super) fn ambiguous(&self) -> Ambiguous {
        self.ambiguous.clone()
    }

    fn judge(&mut self, read: &[u8]) {
        let Some(head) = &mut self.head else { return };
        head.extend_from_slice(read);
        let is_whole = head.windows(4).any(|bytes| bytes == b"\r\n\r\n");
        if is_whole || head.len() > self.most {
            let is_ambiguous = says_length_twice(head);
            self.ambiguous.0.store(is_ambiguous, Ordering::Relaxed);
            self.head = None;
        }
    }
}

/// hyper drops the `Content-Length` of such a head and goes on; a proxy in front may have gone by it.
fn says_length_twice(head: &[u8]) -> bool {
    let end = head
        .windows(4)
        .position(|bytes| bytes == b"\r\n\r\n")
        .unwrap_or(head.len());
    let says = |name: &[u8]| {
        head[..end].split(|&byte| byte == b'\n').any(|line| {
            line.get(..name.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(name))
        })
    };
    says(b"content-length:") && says(b"transfer-encoding:")
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.tcp).poll_read(cx, buf))?;
        self.judge(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    /// Ends our side, then reads until the client has ended its own.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.lingering.is_none() {
            ready!(Pin::new(&mut this.tcp).poll_shutdown(cx))?;
        }
        let until = this
            .lingering
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + LINGER)));
        let mut bytes = [0; LINGER_BYTES];
        loop {
            if until.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut buf = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut this.tcp).poll_read(cx, &mut buf));
            if read.is_err() || buf.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_both_headers_together_are_ambiguous() {
        let cases = [
            ("Content-Length: 4\r\nTransfer-Encoding: chunked", true),
            ("transfer-encoding: chunked\r\nCONTENT-LENGTH: 4", true),
            ("content-length: 4\r\nx: transfer-encoding: chunked", false),
            ("transfer-encoding: chunked", false),
        ];
        for (headers, expected) in cases {
            let head = format!("POST / HTTP/1.1\r\n{headers}\r\n\r\ncontent-length: 1\r\n");

            assert_eq!(says_length_twice(head.as_bytes()), expected, "{headers}");
        }
    }
}
