//! Coming, going and being let in.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    Driver, Refreshed, Turn,
    calls::{self, Knocked},
};
use crate::{
    client::update::End,
    close::Action::{self, RefreshOrStop, RefreshThenReconnect, Stop},
    model::ServerFrame,
    socket::{Closed, Frames, Hello, Link},
    store::Store,
};

/// For the server to answer `hello`; and beyond the heartbeat, for it to say anything at all.
const SILENCE: Duration = Duration::from_secs(10);

/// A connection.
pub(super) struct Line {
    link: Link,
    frames: Frames,
    heard_at: Instant,
    /// So long it may be silent.
    patience: Duration,
    has_ended: bool,
}

impl Line {
    fn new(link: Link, frames: Frames) -> Self {
        Self {
            link,
            frames,
            heard_at: Instant::now(),
            patience: SILENCE,
            has_ended: false,
        }
    }

    pub(super) const fn link(&self) -> &Link {
        &self.link
    }

    /// The next frame, `None` at the end; for ever when there is no connection.
    pub(super) async fn next(line: &mut Option<Self>) -> Option<ServerFrame> {
        let Some(line) = line else {
            return std::future::pending().await;
        };
        let frame = line.frames.next().await;
        line.has_ended = frame.is_none();
        frame
    }

    /// A frame that has come already.
    pub(super) fn try_next(&mut self) -> Option<ServerFrame> {
        self.frames.try_next()
    }

    pub(super) const fn has_ended(&self) -> bool {
        self.has_ended
    }

    pub(super) async fn closed(&self) -> Closed {
        self.frames.closed().await
    }

    /// Notes that the server lives, and how often it says so.
    pub(super) fn hears(&mut self, frame: &ServerFrame) {
        self.heard_at = Instant::now();
        if let ServerFrame::Ready(ready) = frame {
            self.patience = Duration::from_millis(ready.heartbeat_ms) + SILENCE;
        }
    }

    /// When a server that goes on being silent is gone.
    pub(super) fn silent_at(&self) -> Instant {
        self.heard_at + self.patience
    }

    pub(super) fn close(&self) {
        self.link.close();
    }
}

impl<S: Store> Driver<S> {
    /// Opens a socket, with a token that is worth something.
    pub(super) fn connect(&mut self) {
        if self.access.is_stale {
            self.wants_line = true;
            // With the next turn, which stores its name first.
            self.access.due = Some(Instant::now());
            return;
        }
        self.wants_line = false;
        self.calls.push(calls::connect(&self.servers[self.server]));
    }

    pub(super) fn knocked(&mut self, knocked: Knocked, turn: &mut Turn) {
        let (link, frames) = match knocked {
            Ok(halves) => halves,
            Err(retry_after) => {
                // All who were refused heard the same time: their own share of a wait comes on top.
                self.stay_away = retry_after.map(|after| Instant::now() + after);
                return self.lost(None, turn);
            }
        };
        let hello =
            Hello::with_token(&self.access.login.access_token).resuming(self.device.hello());
        // A socket that has ended already is noticed by whoever reads its frames.
        let _ = link.hello(&hello);
        self.line = Some(Line::new(link, frames));
    }

    /// The connection has ended; `None`: without a word, or it was never made.
    pub(super) fn lost(&mut self, closed: Option<Closed>, turn: &mut Turn) {
        if let Some(line) = self.line.take() {
            line.close();
        }
        self.calls.clear();
        self.wants_line = false;
        self.server = (self.server + 1) % self.servers.len();
        let code = closed.as_ref().and_then(|closed| closed.code);
        match (Action::for_close(code), closed) {
            (RefreshThenReconnect | RefreshOrStop, _) if self.access.can_refresh() => {
                self.access.is_stale = true;
            }
            (RefreshThenReconnect, _) => self.end = Some(End::LoggedOut),
            (Stop | RefreshOrStop, Some(closed)) => self.end = Some(End::Closed(closed)),
            _ => {}
        }
        let now = Instant::now();
        let at_least = self
            .stay_away
            .take()
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        self.device.closed(now.into_std(), share(), at_least);
        turn.is_new = true;
    }

    /// It is time for another token.
    pub(super) fn refresh(&mut self, turn: &mut Turn) {
        self.access.due = None;
        self.waits_for_token = true;
        turn.is_new = true;
    }

    /// Asks for a token, if one is wanted; its name is stored by now.
    pub(super) fn ask_for_token(&mut self) {
        if self.waits_for_token && self.access.due.is_none() && !self.access.is_asking() {
            self.access.ask(&self.servers[self.server]);
        }
    }

    pub(super) fn take_token(&mut self, refreshed: Refreshed, turn: &mut Turn) {
        turn.is_new = true;
        let is_good = matches!(refreshed, Refreshed::Good(_));
        if !self.access.refreshed(refreshed, Instant::now()) {
            self.end = Some(End::LoggedOut);
            return;
        }
        if !is_good {
            return;
        }
        self.waits_for_token = false;
        if let Some(line) = &self.line {
            let token = self.access.login.access_token.clone();
            // Without waiting for the answer: a socket that did not take it closes, and the device comes back with the token.
            let frame = serde_json::json!({ "t": "reauth", "ref": "reauth", "token": token });
            let _ = line.link().say(&frame);
        } else if self.wants_line {
            self.connect();
        }
    }
}

/// Of the longest wait, by chance.
#[expect(
    clippy::disallowed_methods,
    reason = "a device has no injected clock; its decisions are tested with given shares"
)]
fn share() -> f64 {
    use rand::RngExt as _;
    rand::rng().random_range(0.0..1.0)
}
