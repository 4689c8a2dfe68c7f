//! Which chat nodes are passed over: those that refuse whatever they are asked, as one does whose way to Postgres is gone, or that say nothing. Pure.
//!
//! A node that is passed over is tried again with one talk at a time, after a pause that grows while it goes on refusing.

use tokio::time::{Duration, Instant};

use super::Owner;

/// A node that has done nothing but refuse for this long is passed over. One room that somebody holds refuses for as long as a wait for a lock may take,
/// but then others are answered in between.
const REFUSING: Duration = Duration::from_secs(1);
/// Until it is tried for the first time, and at most.
const PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Those that are not well; of the others nothing is kept.
#[derive(Debug, Default)]
pub(super) struct Health(Vec<(Owner, State)>);

#[derive(Debug, Clone, Copy)]
enum State {
    /// It has refused since then, and is asked all the same.
    Refusing { since: Instant },
    /// It is not asked.
    Out { until: Instant, pause: Duration },
    /// It may be asked with one talk, whose answer decides; with another one when none has come for a whole pause.
    Tried {
        is_asked: bool,
        since: Instant,
        pause: Duration,
    },
}

impl Health {
    /// Whether a talk may be given to it.
    pub(super) fn takes(&self, node: Owner) -> bool {
        match self.state(node) {
            None | Some(State::Refusing { .. }) => true,
            Some(State::Out { .. }) => false,
            Some(State::Tried { is_asked, .. }) => !is_asked,
        }
    }

    /// A talk was given to it.
    pub(super) fn asked(&mut self, node: Owner) {
        if let Some(State::Tried { is_asked, .. }) = self.state_mut(node) {
            *is_asked = true;
        }
    }

    /// It did what it was asked.
    pub(super) fn accepted(&mut self, node: Owner) {
        if let Some(State::Out { .. } | State::Tried { .. }) = self.forget(node) {
            tracing::info!(%node, "a chat node is well again");
        }
    }

    /// It could not.
    pub(super) fn refused(&mut self, node: Owner, now: Instant) {
        match self.state(node) {
            None => self.set(node, State::Refusing { since: now }),
            Some(State::Refusing { since }) if now - since >= REFUSING => {
                self.pass_over(node, PAUSE, now, "refuses");
            }
            Some(State::Tried { pause, .. }) => {
                self.pass_over(node, longer(pause), now, "still refuses");
            }
            Some(State::Refusing { .. } | State::Out { .. }) => {}
        }
    }

    /// It said nothing for too long.
    pub(super) fn fell_silent(&mut self, node: Owner, now: Instant) {
        match self.state(node) {
            None | Some(State::Refusing { .. }) => self.pass_over(node, PAUSE, now, "is silent"),
            Some(State::Tried { pause, .. }) => {
                self.pass_over(node, longer(pause), now, "is still silent");
            }
            Some(State::Out { .. }) => {}
        }
    }

    /// The stream to it broke: what it was tried with is another's now.
    pub(super) fn broke(&mut self, node: Owner) {
        if let Some(State::Tried { is_asked, .. }) = self.state_mut(node) {
            *is_asked = false;
        }
    }

    /// Lets those be tried whose pause is over, and forgets those that are no more.
    pub(super) fn tick(&mut self, now: Instant, is_open: impl Fn(Owner) -> bool) {
        self.0.retain_mut(|(node, state)| {
            let (due, pause) = match *state {
                State::Refusing { .. } => return is_open(*node),
                State::Out { until, pause } => (until, pause),
                State::Tried { since, pause, .. } => (since + pause, pause),
            };
            if due > now {
                return true;
            }
            *state = State::Tried {
                is_asked: false,
                since: now,
                pause,
            };
            is_open(*node)
        });
    }

    fn pass_over(&mut self, node: Owner, pause: Duration, now: Instant, why: &'static str) {
        tracing::warn!(%node, why, "a chat node is passed over; its rooms go to others");
        let until = now + pause;
        self.set(node, State::Out { until, pause });
    }

    fn state(&self, node: Owner) -> Option<State> {
        let found = self.0.iter().find(|(of, _)| *of == node);
        found.map(|(_, state)| *state)
    }

    fn state_mut(&mut self, node: Owner) -> Option<&mut State> {
        let found = self.0.iter_mut().find(|(of, _)| *of == node);
        found.map(|(_, state)| state)
    }

    fn set(&mut self, node: Owner, state: State) {
        self.forget(node);
        self.0.push((node, state));
    }

    fn forget(&mut self, node: Owner) -> Option<State> {
        let place = self.0.iter().position(|(of, _)| *of == node)?;
        Some(self.0.swap_remove(place).1)
    }
}

fn longer(pause: Duration) -> Duration {
    (pause * 2).min(LONGEST_PAUSE)
}
