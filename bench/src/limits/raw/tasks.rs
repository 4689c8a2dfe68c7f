//! A bare server of the shape that most servers have, Kith's gateway too: a task for each socket, a queue that others push into, and everything
//! that is queued leaves in one write.

use std::{
    collections::VecDeque,
    io::{IoSlice, Write as _},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::Notify,
};

use super::speech::{self, Shared};

/// Frames that leave in one write.
const FRAMES: usize = 64;
const READ_BUFFER: usize = 4 * 1024;

/// Everybody who has said `hello`, and the room's head.
#[derive(Default)]
struct Room {
    state: Mutex<(u64, Vec<Arc<Seat>>)>,
}

/// Somebody.
#[derive(Default)]
struct Seat {
    queue: Mutex<VecDeque<Shared>>,
    news: Notify,
}

/// Serves until it is killed; prints where.
pub(crate) fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name(super::THREADS)
        .enable_io()
        .build()?;
    runtime.block_on(listen())
}

#[expect(
    clippy::disallowed_methods,
    reason = "it is killed, so nobody waits for the tasks"
)]
async fn listen() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
    let room = Arc::new(Room::default());
    loop {
        let (stream, _) = listener.accept().await?;
        let room = Arc::clone(&room);
        // How a socket ends is of no interest.
        tokio::spawn(async move { serve(stream, &room).await.ok() });
    }
}

async fn serve(stream: TcpStream, room: &Room) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut reading, mut writing) = stream.into_split();
    let seat = Arc::new(Seat::default());
    tokio::select! {
        end = read(&mut reading, &seat, room) => end,
        end = write(&mut writing, &seat) => end,
    }
}

async fn read(stream: &mut OwnedReadHalf, seat: &Arc<Seat>, room: &Room) -> std::io::Result<()> {
    let mut received = Vec::with_capacity(READ_BUFFER);
    let (mut is_upgraded, mut is_in) = (false, false);
    while stream.read_buf(&mut received).await? > 0 {
        let mut start = 0;
        if !is_upgraded && let Some(end) = speech::end_of_request(&received) {
            (is_upgraded, start) = (true, end);
            seat.push(&speech::upgraded());
        }
        while is_upgraded && let Some((payload, end)) = speech::masked(&received[start..]) {
            let text = &received[start + payload..start + end];
            if is_in {
                room.take(seat, text);
            } else {
                is_in = true;
                room.enter(seat);
            }
            start += end;
        }
        received.drain(..start);
    }
    Ok(())
}

async fn write(stream: &mut OwnedWriteHalf, seat: &Seat) -> std::io::Result<()> {
    loop {
        let frames = seat.take();
        if frames.is_empty() {
            seat.news.notified().await;
            continue;
        }
        let mut slices: Vec<IoSlice<'_>> = frames.iter().map(|frame| IoSlice::new(frame)).collect();
        let mut left = slices.as_mut_slice();
        while !left.is_empty() {
            let written = stream.write_vectored(left).await?;
            IoSlice::advance_slices(&mut left, written);
        }
    }
}

impl Room {
    fn enter(&self, seat: &Arc<Seat>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        seat.push(&speech::ready());
        state.1.push(Arc::clone(seat));
    }

    /// Numbers a message and queues it to everybody, in the order of the numbers.
    fn take(&self, sender: &Seat, text: &[u8]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((event, answer)) = speech::placed(text, state.0 + 1) else {
            return;
        };
        state.0 += 1;
        for seat in &state.1 {
            seat.push(&event);
        }
        sender.push(&answer);
    }
}

impl Seat {
    fn push(&self, frame: &Shared) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push_back(Arc::clone(frame));
        drop(queue);
        self.news.notify_one();
    }

    fn take(&self) -> Vec<Shared> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let count = queue.len().min(FRAMES);
        queue.drain(..count).collect()
    }
}
