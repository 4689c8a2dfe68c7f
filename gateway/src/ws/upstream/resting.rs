//! Answers that wait for the event of the message they confirm. Both come to the sender's socket, the event a little later and by another stream: woken
//! once for both, the socket writes once. An event that doesn't come holds its answer up for [`REST`] and no longer.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::ws::socket::{Socket, Wakes};

/// Longer than an event takes to another node and back under load; short beside what a person notices.
const REST: Duration = Duration::from_millis(5);

/// Sockets with an answer that nobody has woken them for, the longest first.
#[derive(Debug, Default)]
pub(super) struct Resting(VecDeque<(Instant, Arc<Socket>)>);

impl Resting {
    /// An answer was queued, and the socket was left alone.
    pub(super) fn add(&mut self, socket: Arc<Socket>, now: Instant) {
        self.0.push_back((now + REST, socket));
    }

    /// Waits until one has rested for long enough.
    pub(super) async fn over(&self) {
        match self.0.front() {
            Some((at, _)) => tokio::time::sleep_until(*at).await,
            None => std::future::pending().await,
        }
    }

    /// Wakes those that have rested for long enough and still have something to write.
    pub(super) fn rouse(&mut self, now: Instant) {
        let mut wakes = Wakes::default();
        while self.0.front().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, socket)) = self.0.pop_front() {
                socket.rouse(&mut wakes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::poll_fn,
        sync::atomic::{AtomicUsize, Ordering},
        task::{Context, Poll, Wake, Waker},
    };

    use kith_clock::Clock;

    use super::*;
    use crate::ws::framing::Frame;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A socket with an answer that it was not woken for, and how often its task was woken since.
    fn rests(resting: &mut Resting) -> (Arc<Socket>, Arc<Count>) {
        let clock = Clock::system();
        let socket = Socket::new(1, clock.new_id().into(), clock.new_id().into());
        let socket = Arc::new(socket);
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        assert!(!socket.register(&mut Context::from_waker(&waker)));
        socket.answer_quietly(Frame::ping());
        resting.add(socket.clone(), Instant::now());
        (socket, count)
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_alone_leaves_after_its_rest_and_not_before() {
        let mut resting = Resting::default();
        let (_socket, wakes) = rests(&mut resting);
        let began = Instant::now();

        resting.rouse(began);
        assert_eq!(wakes.0.load(Ordering::Relaxed), 0, "not yet");
        resting.over().await;
        resting.rouse(Instant::now());

        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
        assert!(began.elapsed() >= REST);
        let mut over = std::pin::pin!(resting.over());
        let is_over = poll_fn(|cx| Poll::Ready(over.as_mut().poll(cx).is_ready())).await;
        assert!(!is_over, "nobody rests any more");
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_written_the_answer_with_its_event_is_not_woken_again() {
        let mut resting = Resting::default();
        let (socket, wakes) = rests(&mut resting);
        socket.take_frames(&mut VecDeque::new(), usize::MAX);

        resting.over().await;
        resting.rouse(Instant::now());

        assert_eq!(wakes.0.load(Ordering::Relaxed), 0);
    }
}
