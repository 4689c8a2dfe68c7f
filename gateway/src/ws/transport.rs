//! One WebSocket connection: bytes in, messages out, and shared frames out, many in one write. Knows nothing of what the
//! messages mean. Holds no buffer while idle.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io::{self, IoSlice},
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::{Buf as _, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::timeout,
};

use super::framing::{Decoder, Frame, Incoming, Violation};

/// Frames in one write.
const WRITE_FRAMES: usize = 64;
/// Bytes read at once; on the stack, so that an idle socket holds none.
const READ_BYTES: usize = 4 * 1024;
/// How long the last frames may take to leave, when the client does not read.
pub(crate) const LAST_WRITE: Duration = Duration::from_secs(10);
/// How long we wait for the client to close its side, so that it is not reset before it has read ours.
const LAST_READ: Duration = Duration::from_secs(1);

/// A connection.
#[derive(Debug)]
pub(crate) struct Transport<IO> {
    io: IO,
    decoder: Decoder,
    /// To be written next; the first may be half written.
    writing: VecDeque<Bytes>,
    is_half_written: bool,
    /// Since when the client has taken nothing, although there is something.
    stuck_since: Option<Instant>,
}

/// Why nothing more comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The connection is gone.
    Gone,
    /// The client said so, with this code.
    Closed(Option<u16>),
    /// The client broke the protocol.
    Broken(Violation),
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Transport<IO> {
    /// Takes over a connection after its handshake.
    pub(crate) fn new(io: IO) -> Self {
        Self {
            io,
            decoder: Decoder::default(),
            writing: VecDeque::new(),
            is_half_written: false,
            stuck_since: None,
        }
    }

    /// Puts a frame behind those that are being written.
    pub(crate) fn say(&mut self, frame: Frame) {
        self.writing.push_back(frame.into_bytes());
    }

    /// Since when the client has taken nothing, although there is something.
    pub(crate) const fn stuck_since(&self) -> Option<Instant> {
        self.stuck_since
    }

    /// Writes until everything is written (ready) or the connection takes no more. `refill` adds up to so many frames.
    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        mut refill: impl FnMut(&mut VecDeque<Bytes>, usize),
    ) -> Poll<Result<(), End>> {
        loop {
            if self.writing.len() < WRITE_FRAMES {
                let room = WRITE_FRAMES - self.writing.len();
                refill(&mut self.writing, room);
            }
            if self.writing.is_empty() {
                if self.writing.capacity() > WRITE_FRAMES * 2 {
                    self.writing = VecDeque::new();
                }
                self.stuck_since = None;
                return Pin::new(&mut self.io).poll_flush(cx).map_err(|_| End::Gone);
            }
            match self.poll_write_once(cx) {
                Poll::Ready(Ok(written)) if written > 0 => {
                    self.stuck_since = None;
                    self.advance(written);
                }
                Poll::Ready(_) => return Poll::Ready(Err(End::Gone)),
                Poll::Pending => {
                    self.stuck_since.get_or_insert_with(Instant::now);
                    return Poll::Pending;
                }
            }
        }
    }

    /// The next message.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, End>> {
        loop {
            match self.decoder.next() {
                Ok(Some(Incoming::Close(code))) => return Poll::Ready(Err(End::Closed(code))),
                Ok(Some(incoming)) => return Poll::Ready(Ok(incoming)),
                Ok(None) => {}
                Err(violation) => return Poll::Ready(Err(End::Broken(violation))),
            }
            // Not cleared: it is looked at far more often than something has come.
            let mut bytes = [const { MaybeUninit::uninit() }; READ_BYTES];
            let mut buffer = ReadBuf::uninit(&mut bytes);
            match ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => self.decoder.feed(buffer.filled()),
                _ => return Poll::Ready(Err(End::Gone)),
            }
        }
    }

    /// The next message, while what was said is being written.
    pub(crate) async fn next(&mut self) -> Result<Incoming, End> {
        poll_fn(|cx| {
            if let Poll::Ready(Err(end)) = self.poll_write(cx, |_, _| {}) {
                return Poll::Ready(Err(end));
            }
            self.poll_read(cx)
        })
        .await
    }

    /// Drops what is to be written, but for a frame that is half written already.
    pub(crate) fn discard_unwritten(&mut self) {
        self.writing.truncate(usize::from(self.is_half_written));
    }

    /// Takes everything that is queued behind what is being written.
    pub(crate) fn take_over(&mut self, take: impl FnOnce(&mut VecDeque<Bytes>)) {
        take(&mut self.writing);
    }

    /// Writes what is left and a close frame, and waits a little for the client to do the same.
    pub(crate) async fn close(self, code: u16, word: &str) {
        self.close_within(LAST_WRITE, code, word).await;
    }

    /// The same, when the last frames may take no longer than this to leave.
    pub(crate) async fn close_within(mut self, last_write: Duration, code: u16, word: &str) {
        self.say(Frame::close(code, word));
        let written = timeout(last_write, async {
            poll_fn(|cx| self.poll_write(cx, |_, _| {})).await?;
            poll_fn(|cx| Pin::new(&mut self.io).poll_shutdown(cx))
                .await
                .map_err(|_| End::Gone)
        });
        if matches!(written.await, Ok(Ok(()))) {
            // Closed with unread input, the kernel would reset the connection and with it our last frames.
            let _ = timeout(LAST_READ, self.drain()).await;
        }
    }

    async fn drain(&mut self) {
        let mut bytes = vec![0; READ_BYTES];
        loop {
            let read = poll_fn(|cx| {
                let mut buffer = ReadBuf::new(&mut bytes);
                Pin::new(&mut self.io)
                    .poll_read(cx, &mut buffer)
                    .map_ok(|()| buffer.filled().len())
            });
            if !matches!(read.await, Ok(1..)) {
                return;
            }
        }
    }

    fn poll_write_once(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut slices = [IoSlice::new(&[]); WRITE_FRAMES];
        let mut count = 0;
        for (slice, bytes) in slices.iter_mut().zip(&self.writing) {
            *slice = IoSlice::new(bytes);
            count += 1;
        }
        Pin::new(&mut self.io).poll_write_vectored(cx, &slices[..count])
    }

    fn advance(&mut self, mut written: usize) {
        while let Some(first) = self.writing.front_mut() {
            if written < first.len() {
                first.advance(written);
                self.is_half_written |= written > 0;
                return;
            }
            written -= first.len();
            self.is_half_written = false;
            self.writing.pop_front();
        }
    }
}
