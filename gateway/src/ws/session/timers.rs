//! What happens to a socket by itself: the heartbeat, the silence of the client, the end of its token, the close of a
//! leaving node. One sleep for the earliest of them.

use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use tokio::time::{Sleep, sleep_until};

/// How long a client may give no sign of life after a ping.
const SILENCE: Duration = Duration::from_secs(10);
/// How long a client with a full queue may take nothing.
const STUCK: Duration = Duration::from_secs(8);

/// The deadlines of a socket.
pub(super) struct Timers {
    sleep: Pin<Box<Sleep>>,
    every: Duration,
    heartbeat: Instant,
    expires: Instant,
    /// Since when an answer to a ping is awaited.
    pinged_at: Option<Instant>,
    stuck_since: Option<Instant>,
    drain_at: Option<Instant>,
    draining_since: Option<Instant>,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Ping, and say where the rooms stand.
    Heartbeat,
    /// The ping was not answered.
    Silent,
    /// The client takes nothing.
    Stuck,
    /// The token has expired.
    Expired,
    /// The node leaves; it is this long past the first time that it was due.
    Drained { since: Duration },
}

impl Timers {
    pub(super) fn new(now: Instant, every: Duration, expires_in: Duration) -> Self {
        let heartbeat = now + every;
        Self {
            sleep: Box::pin(sleep_until(heartbeat.into())),
            every,
            heartbeat,
            expires: now + expires_in,
            pinged_at: None,
            stuck_since: None,
            drain_at: None,
            draining_since: None,
        }
    }

    /// The client gave a sign of life.
    pub(super) fn hear(&mut self) {
        self.pinged_at = None;
    }

    /// The token was renewed.
    pub(super) fn renew(&mut self, expires_in: Duration) {
        self.expires = Instant::now() + expires_in;
    }

    /// The node leaves.
    pub(super) fn close_after(&mut self, after: Duration) {
        self.drain_at = Some(Instant::now() + after);
    }

    /// What the task sees. A client that we don't listen to cannot be silent.
    pub(super) fn observe(&mut self, may_read: bool, stuck_since: Option<Instant>) {
        if !may_read && let Some(pinged_at) = &mut self.pinged_at {
            *pinged_at = Instant::now();
        }
        self.stuck_since = stuck_since;
    }

    /// Waits for the next deadline.
    pub(super) fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<Due> {
        loop {
            let now = Instant::now();
            if let Some(due) = self.due(now) {
                return Poll::Ready(due);
            }
            let next = self.next();
            if self.sleep.deadline().into_std() != next {
                self.sleep.as_mut().reset(next.into());
            }
            ready!(self.sleep.as_mut().poll(cx));
        }
    }

    fn due(&mut self, now: Instant) -> Option<Due> {
        if now >= self.expires {
            return Some(Due::Expired);
        }
        if self.drain_at.is_some_and(|at| now >= at) {
            self.drain_at = None;
            let first = *self.draining_since.get_or_insert(now);
            return Some(Due::Drained {
                since: now.saturating_duration_since(first),
            });
        }
        if self.pinged_at.is_some_and(|at| now >= at + SILENCE) {
            return Some(Due::Silent);
        }
        if self.stuck_since.is_some_and(|at| now >= at + STUCK) {
            return Some(Due::Stuck);
        }
        if now >= self.heartbeat {
            self.heartbeat = now + self.every;
            self.pinged_at.get_or_insert(now);
            return Some(Due::Heartbeat);
        }
        None
    }

    fn next(&self) -> Instant {
        [
            self.drain_at,
            self.pinged_at.map(|at| at + SILENCE),
            self.stuck_since.map(|at| at + STUCK),
            Some(self.heartbeat),
        ]
        .into_iter()
        .flatten()
        .fold(self.expires, Instant::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEARTBEAT: Duration = Duration::from_secs(25);

    #[tokio::test]
    async fn a_ping_that_nobody_answers_ends_it_and_a_sign_of_life_does_not() {
        let now = Instant::now();
        let mut timers = Timers::new(now, HEARTBEAT, Duration::from_mins(15));
        let pinged = now + HEARTBEAT;

        assert_eq!(timers.due(pinged), Some(Due::Heartbeat));
        assert_eq!(timers.due(pinged + SILENCE / 2), None);
        assert_eq!(timers.next(), pinged + SILENCE);
        assert_eq!(timers.due(pinged + SILENCE), Some(Due::Silent));

        timers.hear();
        assert_eq!(timers.due(pinged + SILENCE), None);
        assert_eq!(timers.next(), pinged + HEARTBEAT);
    }

    #[tokio::test]
    async fn the_end_of_the_token_comes_before_everything_else() {
        let now = Instant::now();
        let mut timers = Timers::new(now, HEARTBEAT, Duration::from_secs(1));

        assert_eq!(timers.next(), now + Duration::from_secs(1));
        assert_eq!(timers.due(now + Duration::from_mins(1)), Some(Due::Expired));
    }
}
